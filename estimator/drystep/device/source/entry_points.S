// One entry point per kernel and data type (System V ABI, x86-64).
//
// In eager mode Paddle calls a bare function pointer, so an entry point has nothing but its own address to
// tell which kernel it stands for: each loads its index and jumps to the common part. Written
// as assembly because thousands of C++ functions with every argument register and a stack
// window take the compiler longer than all the rest together.
#include "entry_points.h"

        .text

// void (const phi::DeviceContext&, ...): the signature of the kernel itself.
        .globl  vgpu_variadic_entries
        .balign VGPU_ENTRY_BYTES
vgpu_variadic_entries:
        .set    index, 0
        .rept   VGPU_ENTRY_COUNT
        .balign VGPU_ENTRY_BYTES
        movl    $index, %eax
        jmp     variadic_common
        .set    index, index + 1
        .endr

// Stores the argument registers as a virtual_gpu::Registers and calls
// vgpu_launch_variadic(context, index, registers, stack). The frame information lets the
// exceptions of the device (out of memory) pass through to Paddle.
        .balign 16
variadic_common:
        .cfi_startproc
        pushq   %rbp
        .cfi_def_cfa_offset 16
        .cfi_offset %rbp, -16
        movq    %rsp, %rbp
        .cfi_def_cfa_register %rbp
        subq    $112, %rsp
        movq    %rsi, 0(%rsp)
        movq    %rdx, 8(%rsp)
        movq    %rcx, 16(%rsp)
        movq    %r8, 24(%rsp)
        movq    %r9, 32(%rsp)
        movsd   %xmm0, 40(%rsp)
        movsd   %xmm1, 48(%rsp)
        movsd   %xmm2, 56(%rsp)
        movsd   %xmm3, 64(%rsp)
        movsd   %xmm4, 72(%rsp)
        movsd   %xmm5, 80(%rsp)
        movsd   %xmm6, 88(%rsp)
        movsd   %xmm7, 96(%rsp)
        movl    %eax, %esi
        movq    %rsp, %rdx
        leaq    16(%rbp), %rcx
        call    vgpu_launch_variadic@PLT
        leave
        .cfi_def_cfa %rsp, 8
        ret
        .cfi_endproc

        .section .note.GNU-stack, "", @progbits
