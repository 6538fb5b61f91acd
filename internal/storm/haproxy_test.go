package storm

import (
	"syscall"
	"time"
)

// haproxy stands before a server of the test's own. Its three files are the
// frontend, the backends and the map that leads from one to the other.
func haproxy(path string) *software {
	return &software{
		name:   "HAProxy",
		reload: syscall.SIGUSR2,
		files: []file{
			{"haproxy.cfg", haproxyMain, nil},
			{"backends.cfg", haproxyBackends, nil},
			{"hosts.map", haproxyMap, nil},
		},
		command: func(_ *site, dir string) []string {
			return []string{path, "-W", "-db", "-f", dir + "/haproxy.cfg", "-f", dir + "/backends.cfg"}
		},
		check: func(*site) []string {
			return []string{path, "-c", "-q", "-f", "{{dir}}/haproxy.cfg", "-f", "{{dir}}/backends.cfg"}
		},
		good: keys{"bind": "127.0.0.1:PORT", "server": "BACKEND", "frontend": "", "backend": "", "backends": "app"},
		refused: []flaw{
			{name: "unknown keyword", keys: keys{"frontend": "bogus-N on"}},
			{name: "impossible port", keys: keys{"bind": "127.0.0.1:N99999"}},
			{name: "backend without an address", keys: keys{"server": "127.0.0.1:no-port-N"}},
			{name: "unknown balance", keys: keys{"backend": "balance bogus-N"}},
		},
		unhealthy: []flaw{
			{name: "500 at the health URL", keys: keys{"frontend": "http-request return status 500 if { path /health }"}},
			{name: "backend that is dead", keys: keys{"server": "127.0.0.1:DEAD"}},
			{name: "frontend that answers 503", keys: keys{"frontend": "http-request return status 503"}},
			{name: "map to no backend", keys: keys{"backends": "nowhere"}},
			{name: "listens elsewhere", keys: keys{"bind": "127.0.0.1:OTHER"}},
			{name: "port that is taken", keys: keys{"frontend": "bind 127.0.0.1:TAKEN"}, deaf: 3 * time.Second},
		},
	}
}

const haproxyMain = `# generation {{ key "generation" }}
global
    default-path config
    stats socket SCRATCH/haproxy.sock mode 600 level admin expose-fd listeners
    maxconn 500
    hard-stop-after 30s
defaults
    mode http
    retries 0
    timeout connect 2s
    timeout client 30s
    timeout server 30s
frontend web
    bind {{ key "bind" }}
    {{ key "frontend" }}
    http-request set-var(txn.second) str(generation),map(hosts.map)
    http-response set-header X-First {{ key "generation" }}
    http-response set-header X-Second %[var(txn.second)]
    use_backend %[str(backend),map(hosts.map)]
`

const haproxyBackends = `# generation {{ key "generation" }}
backend app
    {{ key "backend" }}
    http-response set-header X-Third {{ key "generation" }}
    server one {{ key "server" }}
`

const haproxyMap = `# generation {{ key "generation" }}
generation {{ key "generation" }}
backend {{ key "backends" }}
`
