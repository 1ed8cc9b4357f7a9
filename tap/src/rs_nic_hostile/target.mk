TARGET     = rs_nic_hostile
RS_PACKAGE = rs_nic_test
include $(call select_from_repositories,mk/rs_component.inc)
