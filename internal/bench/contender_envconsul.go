package bench

import "syscall"

// envconsul cannot be built from the module proxy, so that its binary is taken
// from whoever has one. It ends with the process that it starts.
func envconsul(binary string) contender {
	return contender{
		name: "envconsul", binary: binary, prepare: func(job) error { return nil },
		takes: forms("Consul", variables),
		once: func(j job) []string {
			return append([]string{"-consul-addr", j.address, "-prefix", prefix(j.keys)}, keepEnvironment(j)...)
		},
		version: []string{"-version"}, stop: syscall.SIGTERM,
	}
}
