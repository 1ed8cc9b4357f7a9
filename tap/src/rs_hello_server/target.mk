TARGET     = rs_hello_server
RS_PACKAGE = rs_hello
include $(call select_from_repositories,mk/rs_component.inc)
