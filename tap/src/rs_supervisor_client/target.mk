TARGET     = rs_supervisor_client
RS_PACKAGE = rs_supervisor
include $(call select_from_repositories,mk/rs_component.inc)
