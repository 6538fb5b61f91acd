package storm

import (
	"syscall"
	"time"
)

// nginx serves a static root. Its three files are the main one, a server and a
// map; each adds its number to the answers.
func nginx(path string) *software {
	return &software{
		name:   "nginx",
		reload: syscall.SIGHUP,
		files: []file{
			{"nginx.conf", nginxMain, func(s *site) []string { return nginxTest(path, s, "{{path}}") }},
			{"map.conf", nginxMap, func(s *site) []string { return nginxAlone(path, s, "") }},
			{"server.conf", nginxServer, func(s *site) []string {
				return nginxAlone(path, s, `map $host $main { default 0; } map $host $mapped { default 0; }`)
			}},
		},
		command: func(s *site, dir string) []string {
			return []string{path, "-p", s.scratch, "-c", dir + "/nginx.conf", "-g", "daemon off;"}
		},
		check: func(s *site) []string { return nginxTest(path, s, "{{dir}}/nginx.conf") },
		good:  keys{"listen": "127.0.0.1:PORT", "root": "ROOT", "health": "", "main": "", "map": "", "server": ""},
		refused: []flaw{
			{name: "unknown directive", keys: keys{"main": "bogus_N on;"}},
			{name: "impossible port", keys: keys{"listen": "127.0.0.1:N99999"}},
			{name: "brace that is not closed", keys: keys{"map": "map $uri $open_N {"}},
			{name: "location that is there twice", keys: keys{"server": "location / { }"}},
		},
		unhealthy: []flaw{
			{name: "500 at the health URL", keys: keys{"health": "return 500;"}},
			{name: "wrong root", keys: keys{"root": "SITE/no-such-root"}},
			{name: "server that answers 503", keys: keys{"server": "return 503;"}},
			{name: "listens elsewhere", keys: keys{"listen": "127.0.0.1:OTHER"}},
			{name: "port that is taken", keys: keys{"server": "listen 127.0.0.1:TAKEN;"}, deaf: 3 * time.Second},
		},
	}
}

// nginxTest asks nginx about a main file and what that includes.
func nginxTest(path string, s *site, main string) []string {
	return []string{path, "-t", "-q", "-p", s.scratch, "-c", main}
}

// nginxAlone asks nginx about an included file without the others.
func nginxAlone(path string, s *site, before string) []string {
	const script = `f=$(mktemp "$2/alone.XXXXXX") && trap 'rm -f "$f"' EXIT &&
printf 'pid %s/alone.pid; events { } http { %s include %s; }' "$2" "$3" "$4" >"$f" && "$1" -t -q -p "$2" -c "$f"`
	return []string{"sh", "-c", script, "sh", path, s.scratch, before, "{{path}}"}
}

const nginxMain = `# generation {{ key "generation" }}
user root;
worker_processes 2;
pid SCRATCH/nginx.pid;
error_log stderr crit;
events { worker_connections 512; }
http {
    access_log off;
    client_body_temp_path SCRATCH/body;
    proxy_temp_path SCRATCH/proxy;
    fastcgi_temp_path SCRATCH/fastcgi;
    uwsgi_temp_path SCRATCH/uwsgi;
    scgi_temp_path SCRATCH/scgi;
    map $host $main { default {{ key "generation" }}; }
    {{ key "main" }}
    include map.conf;
    include server.conf;
}
`

const nginxMap = `# generation {{ key "generation" }}
map $host $mapped { default {{ key "generation" }}; }
{{ key "map" }}
`

const nginxServer = `# generation {{ key "generation" }}
server {
    listen {{ key "listen" }};
    root {{ key "root" }};
    {{ key "server" }}
    location = /health { {{ key "health" }} }
    location / {
        add_header X-First $main;
        add_header X-Second $mapped;
        add_header X-Third {{ key "generation" }};
    }
}
`
