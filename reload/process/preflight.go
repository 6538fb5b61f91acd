package process

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// variableMax is the longest NAME=value that Linux passes to a program
// (MAX_ARG_STRLEN with its terminating NUL; see execve(2)).
const variableMax = 128<<10 - 1

// Check finds out what would make the start of p fail, as far as that can be
// known without trying: a running process is only stopped for one that can
// take its place. Its errors are [*StartError].
func (p Spec) Check() error {
	program := p.Command[0]
	if dir := p.Dir; dir != "" {
		info, err := os.Stat(dir)
		if err == nil && !info.IsDir() {
			err = errors.New("not a directory")
		}
		if err != nil {
			// Not wrapped: the program may well exist.
			return &StartError{program, fmt.Errorf("working directory %s: %v", dir, unwrapExec(err)), "see process.dir"}
		}
	}
	if err := p.checkProgram(); err != nil {
		return err
	}
	for _, kv := range p.Env {
		name, value, _ := strings.Cut(kv, "=")
		switch {
		case strings.ContainsRune(value, 0):
			return &StartError{program, fmt.Errorf("variable %s holds a NUL byte", name), "see the template of the variable"}
		case len(kv) > variableMax:
			return &StartError{program, fmt.Errorf("variable %s has %d bytes, and a program takes at most %d", name, len(kv), variableMax),
				"render large values into a file"}
		}
	}
	return nil
}

// checkProgram looks the program up as the start will: a path with a slash
// begins at the working directory, a plain name is looked for on the PATH.
func (p Spec) checkProgram() error {
	path := p.Command[0]
	if strings.Contains(path, "/") && !filepath.IsAbs(path) {
		path = filepath.Join(p.Dir, path)
	}
	if strings.Contains(p.Command[0], "/") && !strings.Contains(path, "/") {
		path = "./" + path
	}
	if _, err := exec.LookPath(path); err != nil {
		return &StartError{Program: p.Command[0], Err: unwrapExec(err)}
	}
	return nil
}
