package bench

import (
	"os"
	"path/filepath"
	"syscall"
)

// bareClient is what a change costs at least: a program that waits for one key
// and writes its value, with the same care for the file as the others.
func bareClient(self string) contender {
	return contender{
		name: "bare client", binary: self, env: inRole(bareRole), prepare: func(job) error { return nil },
		takes: func(s scenario) bool {
			return s.keys == 1 && s.form == keyCalls && (s.store == "Consul" || s.store == "etcd")
		},
		follow: func(j job) []string { return []string{j.store, j.address, j.path(0), j.output(0)} },
		stop:   syscall.SIGTERM, yardstick: true,
	}
}

// runBare is the whole of a bare client. It returns on the first error.
func runBare(store, address, key, output string) error {
	if store == "etcd" {
		return followEtcd(address, key, output)
	}
	return followConsul(address, key, output)
}

// writeValue replaces the output of a bare client.
func writeValue(output, key string, value []byte) error {
	text := append([]byte(filepath.Base(key)+" = "), value...)
	next := output + ".new"
	if err := os.WriteFile(next, append(text, '\n'), 0o644); err != nil {
		return err
	}
	return os.Rename(next, output)
}
