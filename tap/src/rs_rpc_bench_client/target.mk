TARGET = rs_rpc_bench_client
SRC_CC = main.cc
LIBS   = base
