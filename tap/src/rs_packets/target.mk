TARGET = rs_packets
include $(call select_from_repositories,mk/rs_component.inc)
