package compat

import "strings"

// divergence is a row that is not identical.
type divergence struct{ id, what, why, tests string }

// better lists what is not the same because consul-template's way hurts.
func better() []Row {
	return rowsOf(Better, []divergence{
		{"first-pass-errors", "A template that fails only while its data is not there yet, such as index 0 of an empty list: consul-template ends with 14, concierge waits for the data.", "Templates need no guards.", ""},
		{"failures-are-apart", "A template that fails: consul-template ends at once with 14, concierge renders the other templates first and then ends with 14.", "One bad template does not withhold the others.", ""},
		{"once-ends", "-once and a template that fails, with error_fatal = false: consul-template never ends, concierge renders the others and ends with 14.", "A one-shot run that never ends hangs a deployment.", ""},
		{"secret-files", "A new file with a secret in it and without perms: consul-template gives it 0644, concierge 0600; one that exists loses the rights of others.", "A secret is not for every user of the machine. perms = 0644 brings them back.", "cases/vault"},
		{"destroyed-version", "A version of a KV 2 secret that was destroyed: consul-template renders its fields as <no value>, concierge treats it as one that does not exist.", "No value is no password.", ""},
		{"parse-only", "-parse-only: consul-template also executes each template once without data, programs and writeToFile included; concierge parses.", "Looking at a template has no effects.", ""},
		{"secrets-are-masked", "spew_dump and its kin, which print on standard output: consul-template prints secrets, concierge masks them.", "Standard output of a container is its log.", ""},
		{"plugins-run-once", "plugin, and spew_dump and its kin: consul-template runs the program or prints in every pass over the template, those without data included; concierge once for each rendering.", "What has effects has them once.", ""},
		{"flags-are-checked", "writeToFile with an unknown flag or a mode beyond 7777: consul-template writes nevertheless, concierge ends with 14.", "It is a typing mistake, and the mode would be an unexpected one.", ""},
		{"sprig-names", "Sprig's functions without the prefix sprig_: consul-template knows none, concierge knows those whose names are free.", "Helm charts and others use the bare names.", ""},
		{"endless-templates", "executeTemplate of itself: consul-template dies of it, concierge ends with 14.", "It is an error like others.", ""},
		{"dry-writes-nothing", "-dry and writeToFile: consul-template writes the file, concierge does not.", "A dry run has no effects.", ""},
		{"commas-in-commands", "A command with a comma in one text: consul-template takes it apart there and does not find the program, concierge gives it to the shell.", "A comma means nothing to a shell.", ""},
		{"writes-without-answer", "A write that Vault answers with nothing: consul-template repeats it and ends with 14, concierge goes on with no secret.", "It was done.", ""},
		{"syslog", "-syslog without a syslog daemon: consul-template ends with 15, concierge says so once and runs.", "A log that is not read is no outage.", "TestSyslogWithoutADaemonIsNoOutage"},
		{"group-ends-with-its-leader", "A process that ends and leaves others of its group running: consul-template leaves them alone, concierge ends them (TERM, and KILL after 2 s).", "Nobody looks after them any more; a restart would start them twice.", "TestGroupEndsWithItsProcess"},
		{"death-takes-the-process", "The program is killed (SIGKILL): consul-template's process runs on without it, concierge's is killed too.", "Whoever starts concierge again would have two of them.", "TestKilledProgramTakesItsProcessAlong"},
		{"commands-end-too", "A command that runs while the program is stopped: consul-template leaves it behind, concierge ends it.", "Nobody would see how it ends.", "TestCommandEndsWithTheProgram"},
		{"vault-is-asked-when-needed", "A token that cannot be unwrapped, when no template needs Vault: consul-template ends with 14, concierge does not ask Vault.", "What is not needed cannot fail.", ""},
		{"readiness-is-not-inherited", "NOTIFY_SOCKET: consul-template passes it on to its process, concierge does not.", "It is concierge that is ready when all is in place.", ""},
		{"consul-token-file", "A token file of Consul that is not there: consul-template ends with 14, concierge waits for it.", "It is written by somebody else, and may come later.", "TestMissingConsulTokenFileIsWaitedFor"},
		{"empty-authorities", "An empty folder of authorities (ca_path): consul-template trusts nobody and does not say so, concierge ends with 14.", "Nothing could be reached.", ""},
		{"shared-destinations", "Two templates with one destination: in consul-template the one that becomes ready last wins, in concierge the one that is written last.", "The file does not depend on which store was faster.", ""},
		{"destinations-are-checked", "A destination that is the template itself, or a -template flag without one: consul-template overwrites the template, or takes the command for the destination; concierge ends with 14.", "Nobody wants that.", ""},
		{"paths-are-cleaned", "A destination such as ./absent/../out: consul-template ends with 14, concierge writes out.", "It says where.", ""},
		{"linked-folders", "A symbolic link to a folder of configuration files: consul-template ends with 15, concierge reads the folder.", "Kubernetes mounts folders by links.", ""},
		{"impossible-values", "A max_stale below zero, a lease_renewal_threshold above one, a mode with a fraction: consul-template takes them, concierge ends with 15 (the threshold with 14).", "They cannot be meant.", ""},
		{"missing-file", "A file that is not there: consul-template ends with 14, concierge waits for it.", "A file is data like any other and may come later.", ""},
		{"equal-templates", "Two templates with equal contents: consul-template 0.41.1 renders one of them only (0.41.3 repaired that), concierge both.", "Each destination was asked for.", ""},
		{"writes-are-collected", "writeToFile in a template that fails or is not complete: consul-template leaves files behind, concierge writes when the template is complete.", "No half-written sets of files.", ""},
		{"append-makes-folders", "writeToFile with append: consul-template 0.41.1 makes no folders, concierge does.", "As without append.", ""},
		{"sandbox-is-resolved", "sandbox_path that is a symbolic link: consul-template 0.41.1 refuses every file in it (0.42 repaired that), concierge resolves it.", "The files are inside.", ""},
		{"perms-alone", "A change of perms alone: consul-template leaves the mode until the contents change, concierge sets it.", "The mode is part of what was asked for.", ""},
		{"once-in-file", "once = true or parseonly = true in a file: consul-template ignores it, concierge heeds it.", "It is written there.", ""},
		{"exec-enabled", "enabled = false in exec: consul-template runs the command nevertheless, concierge does not.", "It is written there.", ""},
		{"wait-enabled", "enabled in a wait block: consul-template refuses the file, concierge heeds it.", "The documentation has it.", ""},
		{"nomad-retry", "retry in the nomad block: consul-template refuses the file, concierge accepts it.", "The documentation has it.", ""},
		{"settings-are-checked-first", "A template without a destination: consul-template writes the other files and then ends with 14, concierge ends with 14 before it writes anything.", "A configuration with a mistake changes nothing.", ""},
		{"death-by-signal", "A process that died by signal n: consul-template ends with 255, concierge with 128+n.", "As every shell does.", ""},
		{"dry-starts-nothing", "-dry with exec: consul-template starts the process, concierge does not.", "A dry run has no effects.", ""},
		{"pid-file-is-removed", "The PID file after the process ended: consul-template leaves it behind, concierge removes it.", "The number belongs to nobody.", ""},
		{"reload-keeps-the-child", "The reload signal when nothing of the process changed: consul-template starts it again, concierge leaves it alone.", "A reload is not an outage.", "TestReloadKeepsTheChild"},
		{"bad-reload-is-survived", "A reload with a bad file: consul-template stops the process and ends with 15, concierge goes on with the configuration it had.", "A typing mistake is not an outage.", "TestBadReloadKeepsEverythingRunning"},
		{"term-is-obeyed", "TERM without a process: consul-template ignores it, concierge ends.", "Service managers send it.", "TestTermStopsWithoutAChild"},
		{"failing-command-is-retried", "A command that fails in a daemon: consul-template ends with 14, concierge goes on and tries again.", "The file is in place and the next change may heal it.", "TestFailingCommandKeepsTheDaemon"},
		{"failing-template-is-survived", "A template that fails because of later data: consul-template ends with 14, concierge keeps the last output.", "One bad value in a store must not end a fleet.", "TestBadTemplateLaterKeepsTheDaemon"},
		{"outages-are-survived", "A store that is away for minutes: consul-template ends with 14 after 12 attempts, concierge keeps the outputs and goes on when it is back. A number of attempts that is written is heeded.", "An outage of the store must not become one of its users.", "TestStoreThatReturnsIsFollowedAgain"},
		{"writes-are-not-repeated", "A write to Vault without a lease: consul-template repeats it every default_lease_duration, concierge writes once.", "Each repetition makes a new version.", "TestWritesAreNotRepeated"},
		{"pki-parameters-are-heeded", "Two pkiCert calls on one role with other parameters in one template: consul-template gives the same certificate twice, concierge two.", "They were asked for.", "TestPKICertsWithOtherParametersAreOthers"},
	})
}

// different lists what is not the same and no improvement by itself.
func different() []Row {
	return rowsOf(Different, []divergence{
		{"nomad", "Nomad's functions: concierge ends with 14 and says that it has none.", "Nomad is not among its stores.", ""},
		{"lenient-values", "Signals without SIG, numbers and truth values as text, text as a number, auth as one text: consul-template refuses the file with 15 (the flag with 13), concierge accepts it.", "Both command lines of concierge read values alike.", ""},
		{"health-states", "A health filter of commas only, service \"web|,\": consul-template finds nothing, concierge ends with 14 and names the states.", "It is a mistake.", ""},
		{"signals-of-its-own", "PIPE, TTIN and TTOU: consul-template forwards them to its process, concierge does not.", "They are about its own streams; the terminal's two would stop the process.", "TestSomeSignalsAreNotForwarded"},
		{"vault-client-timeout", "VAULT_CLIENT_TIMEOUT: consul-template's requests to Vault end after it, those of concierge after 30 s.", "A shorter one makes no sense for reads; leases are renewed long before.", ""},
		{"mount-roots", "secret on the path of a mount itself: consul-template renders an empty answer with a warning of Vault, concierge treats it as a secret that does not exist.", "There is none.", ""},
		{"listing-parameters", "secrets with parameters in its path: consul-template finds nothing, concierge leaves them out.", "A listing has none.", ""},
		{"blank-commands", "A command of white space only in exec: consul-template ends with 14, concierge has no process.", "As with an empty one.", ""},
		{"json-null", "null in place of a block in JSON: consul-template passes over it, concierge ends with 15.", "A generator that writes it has failed.", ""},
		{"commands-and-environments", "One command line of two templates, with different environments: consul-template runs it once, with one of them; concierge runs it with each.", "They are different commands.", ""},
		{"type-names", "Names of types, as printf %T and spew print them: those of consul-template's packages there, those of concierge's here.", "They are different programs.", ""},
		{"deduplicate", "deduplicate: instances of consul-template elect one that asks and shares its results in the KV store; concierge accepts the block and asks in each instance, for ranges of keys instead of keys.", "See [What a fleet costs](#what-a-fleet-costs).", "TestFleetCostsLessThanDeduplication TestDeduplicationGivesTheSameFiles"},
		{"nil-is-in-nothing", "in, contains and their kin with nil: consul-template ends with an internal error of its reflection, concierge says false.", "There is nothing to find.", ""},
		{"texts", "Log lines, error texts and the help page are concierge's own and never compared; exit statuses are.", "They say more: file, line, value and what to try next.", "cases/malformed"},
	})
}

func rowsOf(kind Kind, all []divergence) []Row {
	out := make([]Row, len(all))
	for i, d := range all {
		out[i] = Row{d.id, kind, d.what, d.why, words(d.tests)}
	}
	return out
}

func words(s string) []string { return strings.Fields(s) }
