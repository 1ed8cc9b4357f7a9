TARGET     = rs_managed_ds
RS_PACKAGE = rs_managed_ds_test
include $(call select_from_repositories,mk/rs_component.inc)
