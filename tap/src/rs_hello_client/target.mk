TARGET     = rs_hello_client
RS_PACKAGE = rs_hello
include $(call select_from_repositories,mk/rs_component.inc)
