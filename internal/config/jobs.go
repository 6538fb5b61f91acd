package config

import (
	"time"
)

// Program is what the process and the jobs have in common.
type Program struct {
	Command      []string          `yaml:"command" doc:"Program and arguments; what stands after -- on the command line replaces that of the process." as:"program"`
	Dir          string            `yaml:"dir" doc:"Working directory; concierge's own unless set." as:"path"`
	User         string            `yaml:"user" doc:"User to run as, by name or number; needs root. HOME, USER and LOGNAME are set for it." as:"loose,owner"`
	Group        string            `yaml:"group" doc:"Group to run as, by name or number; that of the user unless set." as:"loose,owner"`
	Umask        string            `yaml:"umask" doc:"Octal mask of the modes of files that the program makes, for example \"0027\"; concierge's own unless set." as:"loose" pattern:"^(0?[0-7]{3})?$"`
	Limits       map[string]string `yaml:"limits" doc:"Resource limits by name (nofile, core, nproc, as, cpu, data, fsize, memlock, stack, …), each SOFT:HARD or one number for both; unlimited is a number, too." as:"loose" pattern:"^(unlimited|[0-9]+)(:(unlimited|[0-9]+))?$"`
	Environment  Environment       `yaml:"environment" doc:"What of concierge's own environment the program inherits."`
	Stop         Stop              `yaml:"stop" doc:"How the program is stopped."`
	SignalGroup  bool              `yaml:"signal_group" doc:"Send signals to the whole process group, for a command that does not pass them on, such as a shell that runs several."`
	DependsOn    map[string]string `yaml:"depends_on" doc:"Jobs by name that must be started, healthy or completed before the program is started; process is the process." enum:"started,healthy,completed"`
	StartTimeout time.Duration     `yaml:"start_timeout" doc:"How long to wait for what depends_on names; then the job is given up as restart.give_up says. For ever unless set."`
	Output       Output            `yaml:"output" doc:"What becomes of what the program prints."`
	Restart      Restart           `yaml:"restart" doc:"What follows when the program ends by itself."`
	Health       *Health           `yaml:"health" doc:"Liveness: whether the program works. One that is unhealthy is restarted, as restart says; a change that makes it so is rolled back."`
	Readiness    *Health           `yaml:"readiness" doc:"Whether the program can be used now. Told in the status and to the service manager; a change that makes it not ready is rolled back."`
	Runaway      *Runaway          `yaml:"runaway" doc:"Use of the machine beyond which the program is restarted."`
}

// Output is what becomes of what a program prints.
type Output struct {
	Format string `yaml:"format" doc:"raw passes it on untouched; prefix puts the name of the program before each line, json makes each line an object. Whoever reads too slowly misses lines then, instead of holding up the program." default:"raw" enum:"raw,prefix,json"`
	Redact bool   `yaml:"redact" doc:"Mask the secrets that concierge knows; needs the format prefix or json."`
}

// Restart is a restart policy. The delay doubles with each restart, with a
// random part of a fifth.
type Restart struct {
	Policy        string        `yaml:"policy" doc:"When the program is started again: never, when it ended with an unexpected status or a signal, or always. Unset: never for the process and for once, always for services. One that is unhealthy or a runaway is restarted in any case." enum:"never,on-failure,always"`
	Delay         time.Duration `yaml:"delay" doc:"Wait before the first restart; it doubles with each." default:"1s"`
	MaxDelay      time.Duration `yaml:"max_delay" doc:"Longest wait." default:"1m"`
	Reset         time.Duration `yaml:"reset" doc:"The delay begins anew when the program ran, and was healthy, for so long, and at least twice its delay." default:"1m"`
	Limit         string        `yaml:"limit" doc:"Give up after so many restarts within window; unlimited is never." default:"10" as:"loose" pattern:"^(unlimited|[1-9][0-9]{0,8})?$"`
	Window        time.Duration `yaml:"window" doc:"Time in which restarts are counted for limit." default:"10m"`
	ExpectedCodes []int         `yaml:"expected_codes" doc:"Exit statuses that are no failure." default:"0"`
	GiveUp        string        `yaml:"give_up" doc:"What follows when limit is reached or a job failed for good: end concierge with the program's status, or park the job and say so. end for the process, for jobs that it depends on and for hooks before it; park for other jobs." enum:"end,park"`
}

// Health is a health check: a request or a command with thresholds.
type Health struct {
	HTTP      string        `yaml:"http" doc:"URL that must answer with a status from 200 to 399; unix:/path/of/socket:/url asks over a unix socket."`
	TCP       string        `yaml:"tcp" doc:"host:port, or unix:/path/of/socket, that must accept a connection."`
	GRPC      string        `yaml:"grpc" doc:"host:port, or host:port/service, that must answer SERVING to grpc.health.v1; unix:/path/of/socket for a unix socket."`
	Command   []string      `yaml:"command" doc:"Program with arguments that must succeed." as:"program"`
	Grace     time.Duration `yaml:"grace" doc:"Failures after a start do not count for so long, or until the first success." default:"30s"`
	Interval  time.Duration `yaml:"interval" doc:"Time between two checks." default:"10s"`
	Timeout   time.Duration `yaml:"timeout" doc:"Longest time for one check." default:"5s"`
	Failures  int           `yaml:"failures" doc:"So many failures in a row are unhealthy." default:"3" as:"count"`
	Successes int           `yaml:"successes" doc:"So many successes in a row are healthy again." default:"1" as:"count"`
}

// Runaway is the use of the machine that ends a program.
type Runaway struct {
	Memory     string        `yaml:"memory" doc:"Resident memory of the program and its group, for example 512MiB." as:"loose" pattern:"^([0-9]+(\\.[0-9]+)?([KMGT]i?)?B?)?$"`
	Processors string        `yaml:"processors" doc:"Processor time in a second, for example 1.5 for one and a half processors." as:"loose" pattern:"^([0-9]+(\\.[0-9]+)?)?$"`
	For        time.Duration `yaml:"for" doc:"The limit must be passed for so long." default:"30s"`
}

// The kinds of jobs.
const (
	JobService  = "service"
	JobOnce     = "once"
	JobInterval = "interval"
)

// Job is a program beside the process.
type Job struct {
	Program
	Type      string        `yaml:"type" doc:"A service runs all the time, once runs to its end, interval runs to its end again and again." default:"service" enum:"service,once,interval"`
	Every     time.Duration `yaml:"every" doc:"Time from one start of an interval job to the next. Runs do not overlap."`
	Timeout   time.Duration `yaml:"timeout" doc:"Longest run of a job that runs to its end; then its process group is killed. Unset: every for interval jobs, no limit for others."`
	Hook      string        `yaml:"hook" doc:"When a job of the type once runs: before the process is started for the first time (it must succeed), after that, before the process is stopped for good, or after that." enum:"before_start,after_start,before_stop,after_stop"`
	Variables []string      `yaml:"variables" doc:"Globs of the variables of env, env_prefix, env_service and env_secret that the job gets; none unless set." pattern:"."`
}

// Set is what the templates of one set have in common.
type Set struct {
	Directory string        `yaml:"directory" doc:"All files of the set are below this directory and change there in one step: they are links through ..data to a directory with all of them." as:"path"`
	Check     *Command      `yaml:"check" doc:"Command that must accept the staged files of the set; {{dir}} stands for the directory of the first of them, {{path}} for its path."`
	Health    *Health       `yaml:"health" doc:"What must be true after a change of this set, besides the health checks of the process."`
	Window    time.Duration `yaml:"window" doc:"As rollback.window, for this set."`
}

// Rollback is how a change is watched and undone.
type Rollback struct {
	Window time.Duration `yaml:"window" doc:"How long a change is watched by the health checks after its action. One that makes them fail is undone." default:"10s"`
	Off    bool          `yaml:"off" doc:"Keep changes whatever the health checks say."`
}

// Shutdown is how everything is ended.
type Shutdown struct {
	Timeout time.Duration `yaml:"timeout" doc:"Longest time for everything; keep it below that of the container runtime (10s for Docker, 30s for Kubernetes). Unset: drain, the hooks' timeouts and stop.timeout of everything together."`
	Drain   time.Duration `yaml:"drain" doc:"Wait so long after readiness was withdrawn and the hooks before_stop have ended, before anything is stopped." as:"zero"`
}
