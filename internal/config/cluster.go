package config

import "time"

// Cluster is what the instances of a fleet tell each other through a store.
type Cluster struct {
	Store     string                  `yaml:"store" doc:"Which of the sources keeps the records; not needed with one of them." enum:"consul,etcd"`
	Namespace string                  `yaml:"namespace" doc:"Key prefix of the records, one for each environment: concierge/staging. Instances with different ones never meet." default:"concierge"`
	Service   string                  `yaml:"service" doc:"Name of the service whose instance this is." as:"required"`
	Instance  string                  `yaml:"instance" doc:"Name of this instance, which a restart keeps; the machine's host name unless set."`
	Address   string                  `yaml:"address" doc:"Address at which others reach the instance; the machine's first one unless set."`
	Ports     map[string]string       `yaml:"ports" doc:"Ports at which others reach it, by name; the first by name is the one of the service." as:"loose" pattern:"^[0-9]+$"`
	Labels    map[string]string       `yaml:"labels" doc:"What it is called by: zone, rack, version." as:"loose"`
	TTL       time.Duration           `yaml:"ttl" doc:"How long an instance of which nothing is heard counts as there. From 10 s." default:"15s"`
	WhenAway  string                  `yaml:"when_away" doc:"What follows when the store is away: hold makes no change, alone changes at once and without the others." default:"hold" enum:"hold,alone"`
	Numbers   []string                `yaml:"numbers" doc:"Metrics by name (name or name.field) whose sum and average of the service are worked out." pattern:"."`
	Wanted    int                     `yaml:"wanted" doc:"How many instances of the service there should be, unless the store says so (concierge want)."`
	Rollouts  map[string]*Rollout     `yaml:"rollouts" doc:"What changes a few instances at a time: rollouts by name."`
	Rules     map[string]*ClusterRule `yaml:"rules" doc:"Commands that run once per fleet when a number of the service has been so for a while."`
	Register  *ClusterRegister        `yaml:"register" doc:"Announce the instance as a service that others find: in Consul's catalogue, or in etcd below services/."`
}

// Rollout is a change of the shared input of sets, a few instances at a time.
type Rollout struct {
	Sets           []string       `yaml:"sets" doc:"Sets that change with it, and process for the environment of the process; all of them unless set."`
	Canary         string         `yaml:"canary" doc:"How many instances go first, a number or per cent; 0 is none, and 1 the default." as:"loose" pattern:"^([0-9]+%?)?$"`
	Stages         []RolloutStage `yaml:"stages" doc:"Stages instead of a canary; after the last one come all."`
	Bake           time.Duration  `yaml:"bake" doc:"How long all instances of a stage must be well before the next one." default:"30s"`
	MaxUnavailable string         `yaml:"max_unavailable" doc:"How many change at once, a number or per cent, in each failure domain." default:"1" as:"loose" pattern:"^[0-9]+%?$"`
	Domain         string         `yaml:"domain" doc:"Label that names the failure domain: zone; those without it are in one, and so are all unless set."`
	Budget         int            `yaml:"budget" doc:"Failures that are tolerated; one more stops the rollout and takes it back."`
	Deadline       time.Duration  `yaml:"deadline" doc:"Longest time for the change of one instance; then it counts as lost." default:"2m"`
	MaxBytes       int            `yaml:"max_bytes" doc:"Largest release: its shared values are kept in the store." default:"524288" as:"count"`
}

// RolloutStage is a part of the instances that goes before the rest.
type RolloutStage struct {
	Instances string        `yaml:"instances" doc:"How many, a number or per cent." as:"required,loose" pattern:"^[0-9]+%?$"`
	Bake      time.Duration `yaml:"bake" doc:"As bake of the rollout, for this stage."`
}

// ClusterRule runs a command once per fleet.
type ClusterRule struct {
	When     string        `yaml:"when" doc:"A number, a comparison and for how long: avg(load) > 5 for 60s. Numbers are wanted, running, responding, diverged, and sum(…), avg(…), min(…), max(…) of the numbers." as:"required"`
	Command  []string      `yaml:"command" doc:"Program with arguments, run by the leader with CURRENT, DESIRED and SERVICE in its environment." as:"program,required"`
	Timeout  time.Duration `yaml:"timeout" doc:"Longest run of the command." default:"30s"`
	CoolDown time.Duration `yaml:"cool_down" doc:"At least this between two runs, of any leader." default:"5m"`
	Step     int           `yaml:"step" doc:"DESIRED is CURRENT plus this." default:"1" as:"count"`
	Down     bool          `yaml:"down" doc:"Take away instead of adding."`
	Min      int           `yaml:"min" doc:"DESIRED is never less." default:"1"`
	Max      int           `yaml:"max" doc:"DESIRED is never more; the rule does nothing at the bound. No bound unless set."`
}

// ClusterRegister is the announcement of the instance as a service.
type ClusterRegister struct {
	Name  string            `yaml:"name" doc:"Name of the service there; that of the cluster section unless set."`
	Port  string            `yaml:"port" doc:"Name of the port; the first by name unless set."`
	Tags  []string          `yaml:"tags" doc:"Tags of the service."`
	Meta  map[string]string `yaml:"meta" doc:"Further facts." as:"loose"`
	Check string            `yaml:"check" doc:"How Consul knows that it is well: ttl is told by concierge, http asks the URL of process.readiness or process.health." default:"ttl" enum:"ttl,http"`
	After time.Duration     `yaml:"deregister_after" doc:"Consul forgets an instance that was critical for so long." default:"1m"`
}
