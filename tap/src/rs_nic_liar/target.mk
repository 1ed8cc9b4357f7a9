TARGET     = rs_nic_liar
RS_PACKAGE = rs_nic_test
include $(call select_from_repositories,mk/rs_component.inc)
