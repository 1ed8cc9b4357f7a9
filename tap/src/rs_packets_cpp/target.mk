TARGET = rs_packets_cpp
SRC_CC = main.cc
LIBS   = base
