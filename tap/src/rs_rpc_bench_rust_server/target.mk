TARGET     = rs_rpc_bench_rust_server
RS_PACKAGE = rs_rpc_bench
include $(call select_from_repositories,mk/rs_component.inc)
