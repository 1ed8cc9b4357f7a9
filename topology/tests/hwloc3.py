"""Opens files with a given libhwloc and prints, for each: its name, and how many PUs, nodes, cores, packages and matrices."""
import ctypes
import sys

lib = ctypes.CDLL(sys.argv[1])
lib.hwloc_get_api_version.restype = ctypes.c_uint
print("version", lib.hwloc_get_api_version() >> 16)
for path in sys.argv[2:]:
    topology = ctypes.c_void_p()
    assert lib.hwloc_topology_init(ctypes.byref(topology)) == 0
    assert lib.hwloc_topology_set_xml(topology, path.encode()) == 0, path
    assert lib.hwloc_topology_load(topology) == 0, path

    def count(name):
        kind, attribute = ctypes.c_int(), ctypes.c_int()
        found = lib.hwloc_type_sscanf_as_depth(
            name.encode(), ctypes.byref(kind), topology, ctypes.byref(attribute))
        assert found == 0, name
        return lib.hwloc_get_nbobjs_by_depth(topology, attribute)

    matrices = ctypes.c_uint(0)
    assert lib.hwloc_distances_get(topology, ctypes.byref(matrices), None, 0, 0) == 0
    print(path, *(count(kind) for kind in ("PU", "NUMANode", "Core", "Package")), matrices.value)
    lib.hwloc_topology_destroy(topology)
