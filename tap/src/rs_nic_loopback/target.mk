TARGET = rs_nic_loopback
include $(call select_from_repositories,mk/rs_component.inc)
