import pytest

from estimator.errors import BadInput
from estimator.gpus.catalogue import load_catalogue
from estimator.units import MIB
from estimator.values import Missing

OWN_TYPE = """
add:
  - name: X1
    architecture: Ampere
    compute_capability: [8, 0]
    product_label: NVIDIA-X1
    memory_mib: 10000
    memory_bandwidth_gb_s: [500, our own measurement]
    fp32_tflops: 10
    bf16_tflops: 100
    pcie_gb_s: 32
"""


@pytest.fixture(autouse=True)
def no_site_file_of_the_tester(tmp_path, monkeypatch):
    monkeypatch.setenv("PADDLE_ESTIMATE_HOME", str(tmp_path))


@pytest.fixture
def site(tmp_path):
    def write(text):
        path = tmp_path / "gpus.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def complaint(path):
    with pytest.raises(BadInput) as caught:
        load_catalogue(path)
    return caught.value


def test_the_site_file_in_the_configuration_folder_is_used(tmp_path):
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "gpus.yaml").write_text("offer: [T4]")
    assert [gpu.name for gpu in load_catalogue().offered] == ["T4"]


def test_an_empty_site_file_changes_nothing(site):
    assert load_catalogue(site("# nothing yet\n")).types == load_catalogue().types


def test_added_type(site):
    gpu = load_catalogue(site(OWN_TYPE)).find("x1")
    assert gpu.memory_bytes == 10_000 * MIB
    assert gpu.driver_reserved_bytes == 200 * MIB  # 2 % assumed
    assert gpu.sources["driver_reserved_bytes"] == "assumed: 2% of the total"
    assert gpu.memory_bandwidth == 500e9
    assert gpu.sources["memory_bandwidth"] == "our own measurement"
    assert gpu.sources["fp32_flops"] == "the site file"
    assert gpu.bf16_flops == 100e12
    assert isinstance(gpu.fp16_flops, Missing)
    assert isinstance(gpu.multiprocessors, Missing)
    assert gpu.nvlink_bandwidth == 0
    assert gpu.gpus_per_node == 8


def test_added_type_of_a_known_name_replaces_it(site):
    changed = OWN_TYPE.replace("name: X1", "name: T4").replace("NVIDIA-X1", "Tesla-T4")
    catalogue = load_catalogue(site(changed))
    assert catalogue.find("T4").memory_bytes == 10_000 * MIB
    assert len(catalogue.types) == len(load_catalogue().types)


def test_hidden_types_cannot_be_found_and_the_reason_is_told(site):
    catalogue = load_catalogue(site("hide: [P4, p40]"))
    assert {gpu.name for gpu in catalogue.hidden} == {"P4", "P40"}
    assert not {"P4", "P40"} & {gpu.name for gpu in catalogue.offered}
    with pytest.raises(BadInput, match="the site hides 'P40'"):
        catalogue.find("P40")


def test_offer_sets_the_default_list_and_its_order(site):
    catalogue = load_catalogue(site("offer: [V100-32GB, T4, v100-sxm2-32gb]"))
    assert [gpu.name for gpu in catalogue.offered] == ["V100-SXM2-32GB", "T4"]
    assert catalogue.find("A10").name == "A10"


def test_a_name_that_yaml_reads_as_a_number(site):
    catalogue = load_catalogue(site("offer: [4090]\nprice_per_hour: {3090: 1}"))
    assert [gpu.name for gpu in catalogue.offered] == ["RTX-4090"]
    assert catalogue.find("RTX-3090").price_per_hour == 1


def test_prices_and_node_sizes(site):
    path = site("price_per_hour: {T4: 2.5, A10: 4}\ngpus_per_node:\n  T4: 4\n")
    catalogue = load_catalogue(path)
    t4 = catalogue.find("T4")
    assert (t4.price_per_hour, t4.gpus_per_node) == (2.5, 4)
    assert t4.sources["price_per_hour"] == f"{path}:1"
    assert t4.sources["gpus_per_node"] == f"{path}:3"
    assert catalogue.find("A10").price_per_hour == 4
    assert isinstance(catalogue.find("L4").price_per_hour, Missing)


def test_one_value_for_all_but_those_named(site):
    catalogue = load_catalogue(site("gpus_per_node: {'*': 4, T4: 2}\nprice_per_hour: {'*': 3}"))
    assert (catalogue.find("T4").gpus_per_node, catalogue.find("A10").gpus_per_node) == (2, 4)
    assert {gpu.price_per_hour for gpu in catalogue.types} == {3}


def test_one_node_size_for_all(site):
    assert {gpu.gpus_per_node for gpu in load_catalogue(site("gpus_per_node: 4")).types} == {4}


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("hide: [P4]\nhid: [T4]", 2, "'hid' is not a setting"),
        ("offer:\n  - T4\n  - V100", 3, "'V100' can mean 4 GPU types"),
        ("hide:\n  - nope", 2, "no GPU type is called 'nope'"),
        ("price_per_hour:\n  T4: -1", 2, "price_per_hour.T4: must be greater than"),
        ("price_per_hour: {T4: free}", 1, "price_per_hour.T4: must be a valid number"),
        ("price_per_hour: {nope: 1}", 1, "no GPU type is called 'nope'"),
        ("gpus_per_node: 0", 1, "gpus_per_node.*: must be greater than or equal to 1"),
        ("gpus_per_node: [1]", 1, "gpus_per_node: must be"),
        ("offer: []", 1, "offer: list should have at least 1 item"),
        ("hide: [T4]\noffer:\n  - T4", 3, "no GPU type is called 'T4'"),
        ("- T4", 1, "must be a map of settings"),
        ("hide: T4", 1, "hide: must be a list"),
        ("hide: [T4", 2, "expected"),
        ("\n\nhide: {a: b", 4, "expected"),
        (OWN_TYPE.replace("    pcie_gb_s: 32\n", ""), 3, "'add.0.pcie_gb_s' is missing"),
        (OWN_TYPE.replace("10000", "0"), 7, "add.0.memory_mib: must be above zero"),
        (OWN_TYPE.replace("10000", "ten"), 7, "add.0.memory_mib: must be a valid number"),
        (OWN_TYPE.replace("10000", "[1, 2, 3]"), 7, "write a figure as a number or as [number"),
        (OWN_TYPE.replace("[8, 0]", "8.0"), 5, "add.0.compute_capability"),
        (OWN_TYPE + "    cuda_visible_mib: 10001\n", 3, "cuda_visible_mib 10001 is above"),
        (OWN_TYPE + "    aliases: [A10]\n", 3, "the name 'A10' is already that of A10"),
        (OWN_TYPE + "    aliases: [nvidia_a10]\n", 3, "'nvidia_a10' is already that of A10"),
        (OWN_TYPE.replace("NVIDIA-X1", "Tesla-T4"), 3, "the name 'Tesla-T4' is already that of T4"),
    ],
)
def test_a_broken_site_file_is_bad_input_with_its_line(site, text, line, what):
    path = site(text)
    error = complaint(path)
    assert error.where == f"{path}:{line}"
    assert what in error.what
    assert "\n" not in error.what


def test_hiding_everything_is_refused(site):
    names = ", ".join(gpu.name for gpu in load_catalogue().types)
    assert complaint(site(f"hide: [{names}]")).what == "hides every GPU type"


def test_a_named_site_file_must_be_there(tmp_path):
    error = complaint(tmp_path / "none.yaml")
    assert error.what == "cannot be read: no such file or directory"
    assert error.where == str(tmp_path / "none.yaml")


def test_a_folder_is_not_a_site_file(tmp_path):
    assert "cannot be read" in complaint(tmp_path).what


def test_a_site_file_that_is_not_text(tmp_path):
    path = tmp_path / "gpus.yaml"
    path.write_bytes(b"hide: [\xff\xfe]")
    assert complaint(path).what == "is not UTF-8 text"
