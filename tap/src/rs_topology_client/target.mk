TARGET = rs_topology_client
include $(call select_from_repositories,mk/rs_component.inc)
