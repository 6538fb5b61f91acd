// Package container measures what the container uses of its machine, and the
// process in it, so that no second agent is needed for that.
//
// It reads the control groups of version 2 and 1, and of machines that have
// both, the file systems, the network interfaces, and the process. What is
// not there, such as /sys/fs/cgroup, or a limit where none is set, has no sample.
// A part that cannot be read is left out and told once in the log, for those who
// debug: a missing disk is no reason to know nothing of the memory.
//
// Of control groups a few small files with fixed forms are read here; the library
// that is made for it, containerd/cgroups, also sets them up, brings 20 modules,
// among them those of systemd and eBPF, and reads all there is. The process,
// mounts and interfaces are read by prometheus/procfs.
package container
