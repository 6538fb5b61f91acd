package config

import (
	"time"

	"concierge/secrets"
)

// Metrics is what is measured in each cycle and where it goes.
type Metrics struct {
	Host      string                `yaml:"host" doc:"Name of the host whose values these are, as monitoring servers know it; the machine's host name unless set. In Zabbix it has letters, digits, spaces, dots, dashes and underscores."`
	Interval  time.Duration         `yaml:"interval" doc:"Time from one cycle to the next. Each reads every endpoint once and delivers everything with one time stamp." default:"30s"`
	Heartbeat time.Duration         `yaml:"heartbeat" doc:"Time from one heartbeat to the next: container.state is 1 as long as the process lives, and 0 with its exit status as its last words." default:"10s"`
	Collect   map[string]*Collect   `yaml:"collect" doc:"What the application says about itself: endpoints by name."`
	Checks    map[string]*ExecCheck `yaml:"checks" doc:"Programs that check something, as Nagios and Sensu run them: exit status 0 to 3, and values behind a bar."`
	Container ContainerMetrics      `yaml:"container" doc:"What the container uses of its machine: processor, memory, file systems, network, and the process in it."`
	Own       *bool                 `yaml:"own" doc:"Deliver concierge's own metrics, too." default:"true"`
	Rules     []MetricRule          `yaml:"rules" doc:"Which values are delivered, and under which names; tried in order, for all targets."`
	Push      map[string]*Push      `yaml:"push" doc:"Where values are delivered: targets by name."`
}

// Collect is an endpoint of the application.
type Collect struct {
	URL          string                  `yaml:"url" doc:"http(s)://host:port/path, or unix:/path/of/socket:/path."`
	File         string                  `yaml:"file" doc:"File that is read instead." as:"path" either:"url"`
	Command      []string                `yaml:"command" doc:"Program with arguments whose output is read instead." either:"url" as:"program"`
	Format       string                  `yaml:"format" doc:"How it is written; auto goes by the content type. actuator is the flat object of Spring Boot 1, and none is not looked at: it is only passed on as a document." default:"auto" enum:"auto,dropwizard,prometheus,openmetrics,actuator,none"`
	Headers      map[string]secrets.Text `yaml:"headers" doc:"Headers of the request."`
	Username     string                  `yaml:"username" doc:"User for basic authentication."`
	PasswordFile string                  `yaml:"password_file" doc:"File that holds the password; read for each request." as:"path"`
	TokenFile    string                  `yaml:"token_file" doc:"File that holds a bearer token; read for each request." as:"path" either:"username"`
	TLS          TLS                     `yaml:"tls" doc:"TLS towards the application."`
	Timeout      time.Duration           `yaml:"timeout" doc:"Longest time for one reading, and never more than interval." default:"5s"`
	MaxBytes     int                     `yaml:"max_bytes" doc:"Largest answer, inflated." default:"16777216" as:"count"`
	MaxSamples   int                     `yaml:"max_samples" doc:"Most values in one answer." default:"100000" as:"count"`
}

// ExecCheck is a program with a verdict.
type ExecCheck struct {
	Command []string      `yaml:"command" doc:"Program with arguments. It gets an empty environment but for PATH." as:"program,required"`
	Timeout time.Duration `yaml:"timeout" doc:"Longest run; then its process group is killed and the status is 3, unknown." default:"10s"`
}

// ContainerMetrics is what is measured of the container.
type ContainerMetrics struct {
	Off    bool     `yaml:"off" doc:"Measure nothing of it."`
	Mounts []string `yaml:"mounts" doc:"Mount points whose file systems are measured; those of this machine unless set."`
}

// MetricRule is a condition and what follows from it. Patterns are globs, or
// regular expressions as /…/; both match the whole text.
type MetricRule struct {
	Name      string            `yaml:"name" doc:"Pattern for the name: a glob, or a regular expression as /…/."`
	Field     string            `yaml:"field" doc:"Pattern for the field: p99, count, …"`
	Group     string            `yaml:"group" doc:"Pattern for the group: gauges, timers, container, …"`
	Labels    map[string]string `yaml:"labels" doc:"Patterns for the values of labels; one that is not there is empty."`
	NonFinite bool              `yaml:"non_finite" doc:"Match only what is no finite number."`
	Action    string            `yaml:"action" doc:"change goes on to the next rule, drop and keep decide." default:"change" enum:"change,drop,keep"`
	Rename    string            `yaml:"rename" doc:"New name; $1 is what the first star or group of name stands for."`
	SetField  string            `yaml:"set_field" doc:"New field."`
	SetGroup  string            `yaml:"set_group" doc:"New group."`
	SetLabels map[string]string `yaml:"set_labels" doc:"New values of labels; an empty one removes the label."`
	Factor    string            `yaml:"factor" doc:"Multiply by this: 0.001 makes seconds of milliseconds." as:"loose" pattern:"^([+-]?[0-9.]+([eE][+-]?[0-9]+)?)?$"`
}

// Push is a target; exactly one kind.
type Push struct {
	Zabbix      *ZabbixPush      `yaml:"zabbix" doc:"Zabbix servers or proxies, through the trapper."`
	OTLP        *OTLPPush        `yaml:"otlp" doc:"An OpenTelemetry receiver, over HTTP."`
	StatsD      *StatsDPush      `yaml:"statsd" doc:"A StatsD or DogStatsD agent."`
	Pushgateway *PushgatewayPush `yaml:"pushgateway" doc:"A Prometheus Pushgateway, or whatever takes its text format."`
	Sensu       *SensuPush       `yaml:"sensu" doc:"A Sensu Go agent."`
	Timeout     time.Duration    `yaml:"timeout" doc:"Longest time for one delivery; then it counts as -1." default:"10s"`
	Buffer      int              `yaml:"buffer" doc:"Values that wait while the target is away; beyond it the oldest cycles are dropped and counted, but never the newest." default:"100000" as:"count"`
	Rules       []MetricRule     `yaml:"rules" doc:"Rules for this target alone, after the common ones. Unset, Zabbix gets no buckets of histograms and no number that is not finite."`
}

// ZabbixPush is a Zabbix server.
type ZabbixPush struct {
	Servers     string          `yaml:"servers" doc:"host:port, or only host; a comma separates servers that all get everything, a semicolon the nodes of one cluster or group of proxies. The second server of a target z is called z-2 in logs and metrics." as:"required"`
	Payload     string          `yaml:"payload" doc:"items delivers each value; document delivers the answer of each endpoint as one text, which the server takes apart." default:"items" enum:"items,document"`
	Prefix      string          `yaml:"prefix" doc:"Begins the keys of the application's items." default:"app" pattern:"^[A-Za-z0-9._-]+$"`
	Texts       []string        `yaml:"texts" doc:"Names of texts that are delivered; * stands for any characters."`
	Compression string          `yaml:"compression" doc:"auto compresses large requests." default:"auto" enum:"auto,always,never"`
	MaxValues   int             `yaml:"max_values" doc:"Most values in one request; 0 is no limit, which is what servers want."`
	TLS         ZabbixTLS       `yaml:"tls" doc:"Certificates towards the server."`
	Discovery   ZabbixDiscovery `yaml:"discovery" doc:"How the server is told which items there are."`
	Register    *ZabbixRegister `yaml:"register" doc:"Make the server create the host, if an action for autoregistration says so."`
}

// ZabbixTLS are the certificates towards a Zabbix server.
type ZabbixTLS struct {
	CAFile   string `yaml:"ca_file" doc:"PEM file of the authority that signed the server's certificate." as:"path"`
	CertFile string `yaml:"cert_file" doc:"PEM file of the own certificate." as:"path"`
	KeyFile  string `yaml:"key_file" doc:"PEM file of its key." as:"path"`
	Issuer   string `yaml:"issuer" doc:"Issuer that the server's certificate must have: CN=Root,O=Example."`
	Subject  string `yaml:"subject" doc:"Subject that it must have."`
}

// ZabbixDiscovery is low-level discovery.
type ZabbixDiscovery struct {
	Off      bool          `yaml:"off" doc:"Announce nothing: all items exist already."`
	Old      bool          `yaml:"old" doc:"Write the documents as servers before 4.2 want them."`
	Window   time.Duration `yaml:"window" doc:"How long a metric is announced after it was last seen." default:"24h"`
	Learning time.Duration `yaml:"learning" doc:"How long the server may need to make items; then everything is delivered again." default:"90s"`
	MaxRows  int           `yaml:"max_rows" doc:"Most rows of all documents." default:"100000" as:"count"`
}

// ZabbixRegister is autoregistration.
type ZabbixRegister struct {
	Metadata  string `yaml:"metadata" doc:"What actions choose by; up to 255 characters."`
	Interface string `yaml:"interface" doc:"DNS name or IP address of the host's agent; the address that the server sees unless set."`
}

// OTLPPush is an OpenTelemetry receiver.
type OTLPPush struct {
	URL       string                  `yaml:"url" doc:"The whole URL; http://host:9090/api/v1/otlp/v1/metrics for Prometheus, unix:/path/of/socket:/v1/metrics for a socket." default:"http://127.0.0.1:4318/v1/metrics"`
	Service   string                  `yaml:"service" doc:"service.name of the resource; concierge unless set."`
	Resource  map[string]string       `yaml:"resource" doc:"Further attributes of the resource."`
	Headers   map[string]secrets.Text `yaml:"headers" doc:"Headers of the request."`
	TokenFile string                  `yaml:"token_file" doc:"File that holds a bearer token; read for each request." as:"path"`
	TLS       TLS                     `yaml:"tls" doc:"TLS towards the receiver."`
	MaxPoints int                     `yaml:"max_points" doc:"Most values in one request; 0 is no limit."`
}

// StatsDPush is a StatsD agent.
type StatsDPush struct {
	Address string   `yaml:"address" doc:"host:port over UDP, or unix:/path/of/socket." default:"127.0.0.1:8125"`
	Dialect string   `yaml:"dialect" doc:"datadog sends labels as tags; plain puts them into the name." default:"datadog" enum:"datadog,plain"`
	Prefix  string   `yaml:"prefix" doc:"Put in front of every name, with a dot."`
	Tags    []string `yaml:"tags" doc:"Tags of every value: name:value."`
}

// PushgatewayPush is a Prometheus Pushgateway.
type PushgatewayPush struct {
	URL          string                  `yaml:"url" doc:"http(s)://host:port." default:"http://127.0.0.1:9091"`
	Job          string                  `yaml:"job" doc:"Label job of the group." default:"concierge"`
	Import       bool                    `yaml:"import" doc:"POST the text to the URL as it is, for receivers like VictoriaMetrics, instead of replacing a group."`
	Delete       bool                    `yaml:"delete" doc:"Delete the group when concierge ends."`
	Headers      map[string]secrets.Text `yaml:"headers" doc:"Headers of the request."`
	Username     string                  `yaml:"username" doc:"User for basic authentication."`
	PasswordFile string                  `yaml:"password_file" doc:"File that holds the password; read for each request." as:"path"`
	TokenFile    string                  `yaml:"token_file" doc:"File that holds a bearer token; read for each request." as:"path" either:"username"`
	TLS          TLS                     `yaml:"tls" doc:"TLS towards the gateway."`
}

// SensuPush is a Sensu Go agent.
type SensuPush struct {
	URL             string   `yaml:"url" doc:"The agent's API for events." default:"http://127.0.0.1:3031/events"`
	Entity          string   `yaml:"entity" doc:"Proxy entity whose events these are; the agent's unless set."`
	Namespace       string   `yaml:"namespace" doc:"Namespace of the events; the agent's unless set."`
	Handlers        []string `yaml:"handlers" doc:"Handlers of the events of checks."`
	MetricsHandlers []string `yaml:"metrics_handlers" doc:"Handlers of the events with values."`
}
