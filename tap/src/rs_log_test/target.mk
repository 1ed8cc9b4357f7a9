TARGET = rs_log_test
include $(call select_from_repositories,mk/rs_component.inc)
