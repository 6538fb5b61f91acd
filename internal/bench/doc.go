// Package bench measures the concierge binary from outside, on real servers,
// beside the real consul-template and Vault Agent, a bare client that does
// nothing but write a value, and confd, remco and envconsul where their binaries
// are given. It is a benchmark, so that `go test ./...` runs nothing but a small
// form of it; `make bench-peers` runs it.
//
// What is compared is measured in turns within one run: a busy machine or a warm
// cache then meets all contenders alike. Figures are medians, and those that are
// to be reached are judged. Memory of a process that ends is the kernel's own
// maximum, CPU its own count; only the descriptors of a one shot are sampled, in
// runs of their own.
package bench
