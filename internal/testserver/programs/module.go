package programs

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// moduleDir returns the folder of the nested module that pins a program. The
// place of this source file is tried first, for tests that changed their
// working directory; a build with -trimpath has only the working directory.
func moduleDir(name string) (string, error) {
	var starts []string
	if _, file, _, ok := runtime.Caller(0); ok && filepath.IsAbs(file) {
		starts = append(starts, filepath.Dir(file))
	}
	if wd, err := os.Getwd(); err == nil {
		starts = append(starts, wd)
	}
	for _, dir := range starts {
		for ; ; dir = filepath.Dir(dir) {
			source := filepath.Join(dir, "internal", "testserver", "modules", name)
			if _, err := os.Stat(filepath.Join(source, "go.mod")); err == nil {
				return source, nil
			}
			if dir == filepath.Dir(dir) {
				break
			}
		}
	}
	return "", fmt.Errorf("finding the module that pins %s: not above the working directory (run inside concierge's source tree)", name)
}

// pinnedVersion returns the version of module that a go.mod file requires.
func pinnedVersion(gomod, module string) (version string, err error) {
	f, err := os.Open(gomod)
	if err != nil {
		return "", fmt.Errorf("reading the pinned version of %s: %w", module, err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		fields := strings.Fields(strings.TrimPrefix(strings.TrimSpace(lines.Text()), "require "))
		if len(fields) >= 2 && fields[0] == module && strings.HasPrefix(fields[1], "v") {
			return fields[1], nil
		}
	}
	if err := lines.Err(); err != nil {
		return "", fmt.Errorf("reading the pinned version of %s: %w", module, err)
	}
	return "", fmt.Errorf("reading the pinned version of %s: %s does not require it", module, gomod)
}
