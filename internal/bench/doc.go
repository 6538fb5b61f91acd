// Package bench measures the concierge binary from outside, beside the real
// consul-template (and confd and remco, where their binaries are given), on real
// servers. It is a benchmark, so that `go test ./...` runs nothing but a small
// check of the harness; `make bench` runs it.
//
// What is compared is measured in turns within one run: a busy machine or a warm
// cache then meets all contenders alike. Figures are medians. Memory of a process
// that ends is the kernel's own maximum, CPU its own count; nothing is sampled.
package bench
