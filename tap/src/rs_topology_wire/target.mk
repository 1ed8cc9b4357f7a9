TARGET = rs_topology_wire
include $(call select_from_repositories,mk/rs_component.inc)
