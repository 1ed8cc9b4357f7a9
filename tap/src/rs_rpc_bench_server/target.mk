TARGET = rs_rpc_bench_server
SRC_CC = main.cc
LIBS   = base
