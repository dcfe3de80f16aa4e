"""Every sentence this room says about a manifest, built from data."""

# ruff: noqa: D103 - what each function says is its documentation

from __future__ import annotations

from collections.abc import Sequence

from estimator.messages import sentence

# ---- values the estimate puts in --------------------------------------------------------------


def job_name(name: str) -> str:
    return sentence("from '{name}', as a name that Kubernetes accepts", name=name)


def instance() -> str:
    return sentence("the name of the job, to find what belongs to it")


def gpu_count(count: int, nodes: int) -> str:
    if nodes == 1:
        return sentence("the plan takes {gpus}", gpus=_gpus(count))
    return sentence(
        "the plan takes {gpus} on each of {nodes} nodes", gpus=_gpus(count), nodes=nodes
    )


def gpu_limit() -> str:
    return sentence("Kubernetes wants the limit of GPUs to equal the request")


def gpu_type(product: str) -> str:
    return sentence("the estimate holds for {product}", product=product)


def memory_limit() -> str:
    return sentence(
        "equal to the request, so that the pod cannot be killed for memory it was promised"
    )


def request_value(name: str) -> str:
    return sentence("{name} as the plan asks for it", name=name)


def estimate_id() -> str:
    return sentence("leads back to the estimate and its record")


def model_file() -> str:
    return sentence("what was estimated")


# ---- the command ------------------------------------------------------------------------------


def command(batch: int, gpus: int, launched: bool) -> str:
    if launched:
        return sentence(
            "one process for each of {gpus}, batch {batch} per device",
            gpus=_gpus(gpus),
            batch=batch,
        )
    return sentence("one process, batch {batch} per device", batch=batch)


def command_without_batch(batch: int, gpus: int, launched: bool) -> str:
    return sentence(
        "{command}, which the program is not told", command=command(batch, gpus, launched)
    )


def batch_replaced(old: str, new: str) -> str:
    return sentence(
        "the command said {old}; the estimate is for {new}, so that is what the YAML says",
        old=old,
        new=new,
    )


def batch_appended(words: Sequence[str]) -> str:
    return sentence(
        "the command was given {words}; say otherwise under training.batch_size_argument in a "
        "template",
        words=" ".join(words),
    )


def batch_not_told(batch: int) -> str:
    return sentence(
        "the command is a shell script: let it train with batch {batch} per device", batch=batch
    )


def shell_not_launched(gpus: int) -> str:
    return sentence(
        "the command is a shell script: let it start {count} processes, for example with python "
        "-m paddle.distributed.launch",
        count=gpus,
    )


# ---- the image --------------------------------------------------------------------------------


def image_chosen(first: bool, gpu: tuple[int, int]) -> str:
    if first:
        return sentence("the template's first choice; has code for {sm}", sm=_sm(gpu))
    return sentence("the template's first choice that fits; has code for {sm}", sm=_sm(gpu))


def image_first() -> str:
    return sentence("the template's first choice")


def image_unsuited(image: str, cuda: tuple[int, int], gpu: tuple[int, int]) -> str:
    return sentence(
        "the image {image} is built with CUDA {cuda}, without code for {sm}",
        image=image,
        cuda=f"{cuda[0]}.{cuda[1]}",
        sm=_sm(gpu),
    )


def image_unknown(image: str, gpu: tuple[int, int]) -> str:
    return sentence(
        "the tag of {image} names no CUDA version: check that it has code for {sm}",
        image=image,
        sm=_sm(gpu),
    )


def image_for_cpu(image: str) -> str:
    return sentence("the image {image} is Paddle's build for CPUs", image=image)


# ---- several nodes ----------------------------------------------------------------------------


def several_nodes(nodes: int) -> str:
    return sentence("{nodes} nodes work together", nodes=nodes)


def one_pod_per_node() -> str:
    return sentence("each pod needs an index, which becomes the rank of its node")


def no_single_restart() -> str:
    return sentence(
        "one node alone cannot rejoin the others, so the whole job fails and is started again"
    )


def reach_each_other() -> str:
    return sentence("the nodes find each other by name")


def first_node() -> str:
    return sentence("the first node is where the others report")


def own_address() -> str:
    return sentence("a node must know its own address")


def rank_zero_address() -> str:
    return sentence(
        "the launcher opens the rendezvous only where it is given the node's own address, "
        "so the first node gets that, the others its name"
    )


def before_ready() -> str:
    return sentence("the nodes must find each other before they are ready")


def service_stays(name: str) -> str:
    return sentence(
        "the Service {name} outlives the Job: delete it with kubectl delete -f", name=name
    )


# ---- form -------------------------------------------------------------------------------------


def form(kind: str) -> str:
    return sentence("the form '{kind}'", kind=kind)


def flat_leaves_out(product: str, shared_memory: str) -> str:
    return sentence(
        "the flat form names neither GPU type nor /dev/shm: the figures hold for {product}, with "
        "{shared_memory} of /dev/shm",
        product=product,
        shared_memory=shared_memory,
    )


# ---- notes ------------------------------------------------------------------------------------


def kept_by_lock(path: str, value: object, locked_by: str) -> str:
    return sentence(
        "{path} is locked by {locked_by}; the estimate would say {value}",
        path=path,
        locked_by=locked_by,
        value=str(value),
    )


def no_shared_memory() -> str:
    return sentence(
        "nothing is mounted at /dev/shm: it stays at 64 MiB, and DataLoader workers may die"
    )


def claims_needed(claims: Sequence[str], nodes: int) -> str:
    waits = sentence(
        "the pod waits until these PersistentVolumeClaims are in its namespace: {claims}",
        claims=tuple(claims),
    )
    if nodes == 1:
        return waits
    return sentence(
        "{waits}, each mountable on {nodes} nodes (ReadWriteMany)", waits=waits, nodes=nodes
    )


# ---- wording ----------------------------------------------------------------------------------


def _gpus(count: int) -> str:
    return sentence("1 GPU") if count == 1 else sentence("{count} GPUs", count=count)


def _sm(capability: tuple[int, int]) -> str:
    return f"sm_{capability[0]}{capability[1]}"
