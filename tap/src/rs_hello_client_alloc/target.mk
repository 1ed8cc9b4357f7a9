TARGET     = rs_hello_client_alloc
RS_PACKAGE = rs_hello
include $(call select_from_repositories,mk/rs_component.inc)
