"""Every sentence this room says about a manifest, built from data."""

# ruff: noqa: D103 - what each function says is its documentation

from __future__ import annotations

from collections.abc import Sequence

# ---- values the estimate puts in --------------------------------------------------------------


def job_name(name: str) -> str:
    return f"from '{name}', as a name that Kubernetes accepts"


def instance() -> str:
    return "the name of the job, to find what belongs to it"


def gpu_count(count: int, nodes: int) -> str:
    each = "" if nodes == 1 else f" on each of {nodes} nodes"
    return f"the plan takes {_gpus(count)}{each}"


def gpu_limit() -> str:
    return "Kubernetes wants the limit of GPUs to equal the request"


def gpu_type(product: str) -> str:
    return f"the estimate holds for {product}"


def memory_limit() -> str:
    return "equal to the request, so that the pod cannot be killed for memory it was promised"


def request_value(name: str) -> str:
    return f"{name} as the plan asks for it"


def estimate_id() -> str:
    return "leads back to the estimate and its record"


def model_file() -> str:
    return "what was estimated"


# ---- the command ------------------------------------------------------------------------------


def command(batch: int, gpus: int, launched: bool) -> str:
    how = f"one process for each of {_gpus(gpus)}" if launched else "one process"
    return f"{how}, batch {batch} per device"


def command_without_batch(batch: int, gpus: int, launched: bool) -> str:
    return f"{command(batch, gpus, launched)}, which the program is not told"


def batch_replaced(old: str, new: str) -> str:
    return f"the command said {old}; the estimate is for {new}, so that is what the YAML says"


def batch_appended(words: Sequence[str]) -> str:
    return (
        f"the command was given {' '.join(words)}; "
        "say otherwise under training.batch_size_argument in a template"
    )


def batch_not_told(batch: int) -> str:
    return f"the command is a shell script: let it train with batch {batch} per device"


def shell_not_launched(gpus: int) -> str:
    return (
        f"the command is a shell script: let it start {gpus} processes, "
        "for example with python -m paddle.distributed.launch"
    )


# ---- the image --------------------------------------------------------------------------------


def image_chosen(first: bool, gpu: tuple[int, int]) -> str:
    which = "the template's first choice" if first else "the template's first choice that fits"
    return f"{which}; has code for {_sm(gpu)}"


def image_first() -> str:
    return "the template's first choice"


def image_unsuited(image: str, cuda: tuple[int, int], gpu: tuple[int, int]) -> str:
    return f"the image {image} is built with CUDA {cuda[0]}.{cuda[1]}, without code for {_sm(gpu)}"


def image_unknown(image: str, gpu: tuple[int, int]) -> str:
    return f"the tag of {image} names no CUDA version: check that it has code for {_sm(gpu)}"


def image_for_cpu(image: str) -> str:
    return f"the image {image} is Paddle's build for CPUs"


# ---- several nodes ----------------------------------------------------------------------------


def several_nodes(nodes: int) -> str:
    return f"{nodes} nodes work together"


def one_pod_per_node() -> str:
    return "each pod needs an index, which becomes the rank of its node"


def no_single_restart() -> str:
    return "one node alone cannot rejoin the others, so the whole job fails and is started again"


def reach_each_other() -> str:
    return "the nodes find each other by name"


def first_node() -> str:
    return "the first node is where the others report"


def own_address() -> str:
    return "a node must know its own address"


def rank_zero_address() -> str:
    return (
        "the launcher opens the rendezvous only where it is given the node's own address, "
        "so the first node gets that, the others its name"
    )


def before_ready() -> str:
    return "the nodes must find each other before they are ready"


def service_stays(name: str) -> str:
    return f"the Service {name} outlives the Job: delete it with kubectl delete -f"


# ---- form -------------------------------------------------------------------------------------


def form(kind: str) -> str:
    return f"the form '{kind}'"


def flat_leaves_out(product: str, shared_memory: str) -> str:
    return (
        f"the flat form names neither GPU type nor /dev/shm: the figures hold for {product}, "
        f"with {shared_memory} of /dev/shm"
    )


# ---- notes ------------------------------------------------------------------------------------


def kept_by_lock(path: str, value: object, locked_by: str) -> str:
    return f"{path} is locked by {locked_by}; the estimate would say {value}"


def no_shared_memory() -> str:
    return "nothing is mounted at /dev/shm: it stays at 64 MiB, and DataLoader workers may die"


def claims_needed(claims: Sequence[str], nodes: int) -> str:
    shared = "" if nodes == 1 else f", each mountable on {nodes} nodes (ReadWriteMany)"
    return (
        "the pod waits until these PersistentVolumeClaims are in its namespace: "
        f"{', '.join(claims)}{shared}"
    )


# ---- wording ----------------------------------------------------------------------------------


def _gpus(count: int) -> str:
    return "1 GPU" if count == 1 else f"{count} GPUs"


def _sm(capability: tuple[int, int]) -> str:
    return f"sm_{capability[0]}{capability[1]}"
