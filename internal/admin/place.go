package admin

import (
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// Variables of the environment that say where the socket is.
const (
	// SocketVariable is the setting of the configuration as a variable.
	SocketVariable = "CONCIERGE_CONTROL_SOCKET"
	runtimeDir     = "XDG_RUNTIME_DIR"
)

const socketName = "concierge.sock"

// DefaultPaths are where a socket is if nothing says where, in the order in
// which server and client try them: in the user's runtime directory
// (XDG_RUNTIME_DIR, if it is an absolute path), and in /run.
func DefaultPaths(environ []string) []string {
	var paths []string
	if dir := variable(environ, runtimeDir); filepath.IsAbs(dir) {
		paths = append(paths, filepath.Join(dir, socketName))
	}
	return append(paths, filepath.Join("/run", socketName))
}

// Place returns the first of the default paths whose directory this user can
// write to, or nothing.
func Place(environ []string) string {
	for _, path := range DefaultPaths(environ) {
		if unix.Access(filepath.Dir(path), unix.W_OK|unix.X_OK) == nil {
			return path
		}
	}
	return ""
}

// variable returns the last value of a variable, as getenv would.
func variable(environ []string, name string) string {
	value := ""
	for _, e := range environ {
		if v, ok := strings.CutPrefix(e, name+"="); ok {
			value = v
		}
	}
	return value
}
