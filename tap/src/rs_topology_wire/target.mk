TARGET     = rs_topology_wire
RS_PACKAGE = rs_topology_test
include $(call select_from_repositories,mk/rs_component.inc)
