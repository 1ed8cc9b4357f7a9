TARGET = rs_topology_firmware
include $(call select_from_repositories,mk/rs_component.inc)
