TARGET = rs_larson
include $(call select_from_repositories,mk/rs_component.inc)
