package programs

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"time"
)

// Path returns the program's binary, building it first when there is none yet.
// A build takes minutes; what is being done and how long it takes is written
// to progress. Several processes may call Path at once: one builds, the others
// wait for it.
func Path(ctx context.Context, name string, progress io.Writer) (string, error) {
	if path, ok, err := Find(ctx, name); ok || err != nil {
		return path, err
	}
	p, err := find(name)
	if err != nil {
		return "", err
	}
	target, source, err := p.location()
	if err != nil {
		return "", err
	}
	return target, p.install(ctx, source, target, progress)
}

// Find returns the program's binary if it is there without a build.
func Find(ctx context.Context, name string) (path string, ok bool, err error) {
	p, err := find(name)
	if err != nil {
		return "", false, err
	}
	if path, ok := p.onPath(ctx); ok {
		return path, true, nil
	}
	target, _, err := p.location()
	if err != nil {
		return "", false, err
	}
	return target, isExecutable(target), nil
}

// Estimate tells how long a cold build of the program takes on two cores;
// zero for an unknown program.
func Estimate(name string) time.Duration {
	p, err := find(name)
	if err != nil {
		return 0
	}
	return p.estimate
}

// location returns the cached binary's path and the module folder it is built in.
func (p program) location() (target, source string, err error) {
	source, err = moduleDir(cmp.Or(p.beside, p.name))
	if err != nil {
		return "", "", err
	}
	version, err := pinnedVersion(filepath.Join(source, "go.mod"), p.module)
	if err != nil {
		return "", "", err
	}
	cache, err := cacheDir()
	if err != nil {
		return "", "", err
	}
	return filepath.Join(cache, p.name+"-"+version), source, nil
}

func cacheDir() (string, error) {
	if dir := os.Getenv(CacheVariable); dir != "" {
		return filepath.Abs(dir)
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("finding the cache folder of test servers: %w (set %s to a folder)", err, CacheVariable)
	}
	return filepath.Join(dir, "concierge", "testservers"), nil
}

// onPath returns the program on PATH if it is known to be new enough.
func (p program) onPath(ctx context.Context) (string, bool) {
	path, err := exec.LookPath(p.name)
	if err != nil || p.version == nil {
		return "", false
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, path, p.version...).CombinedOutput()
	if err != nil {
		return "", false
	}
	return path, newEnough(string(out), p.oldest)
}

// newEnough reports whether the first version number in text is at least oldest.
func newEnough(text string, oldest [2]int) bool {
	m := regexp.MustCompile(`\bv?(\d+)\.(\d+)\.\d+`).FindStringSubmatch(text)
	if m == nil {
		return false
	}
	major, _ := strconv.Atoi(m[1])
	minor, _ := strconv.Atoi(m[2])
	return major > oldest[0] || major == oldest[0] && minor >= oldest[1]
}

func isExecutable(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0
}
