package bench

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
)

// consulTemplate stops on SIGINT: without a child it ignores SIGTERM. A child is
// started by a shell, which has to make way so as not to die of SIGHUP.
func consulTemplate(binary string) contender {
	return contender{
		name: "consul-template", binary: binary, prepare: writeConsulTemplate,
		takes:  forms("Consul", keyCalls, oneTree, oneInTen, ownTemplates, withChild),
		once:   func(j job) []string { return consulTemplateArgs(j, "-once") },
		follow: func(j job) []string { return consulTemplateArgs(j) },
		supervise: func(j job, child []string) []string {
			return consulTemplateArgs(j, "-exec", "exec "+strings.Join(child, " "), "-exec-reload-signal", "SIGHUP")
		},
		version: []string{"-version"}, stop: syscall.SIGINT,
	}
}

func consulTemplateArgs(j job, more ...string) []string {
	args := []string{"-consul-addr", j.address}
	if j.form == ownTemplates {
		args = append(args, "-config", j.config("hcl"))
	} else {
		args = append(args, "-template", j.input(0)+":"+j.output(0))
	}
	return append(args, more...)
}

func writeConsulTemplate(j job) error {
	var config strings.Builder
	if j.form == ownTemplates {
		for i := range j.keys {
			fmt.Fprintf(&config, "template {\n  source = %q\n  destination = %q\n}\n", j.input(i), j.output(i))
		}
	}
	return errors.Join(writeTemplates(j), os.WriteFile(j.config("hcl"), []byte(config.String()), 0o644))
}
