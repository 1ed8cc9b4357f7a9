TARGET = rs_environment_test
include $(call select_from_repositories,mk/rs_component.inc)
