TARGET = rs_topology
include $(call select_from_repositories,mk/rs_component.inc)
