package compat

// identical lists what is the same, by the files of cases and the tests that
// compare it.
func identical() []Row {
	rows := []struct{ id, what, tests string }{
		{"kv", "Consul's KV store: key, keyExists, keyOrDefault, ls, safeLs, tree, safeTree; waiting for absent keys; folders, odd names, data centres.", "cases/kv"},
		{"grammar", "Queries that are malformed, and templates that are, end the program with 14.", "cases/malformed"},
		{"discovery", "Service discovery: service, services, node, nodes, connect, datacenters, peerings, caRoots, caLeaf; filters, tags, sorting, all fields, printed as text, JSON and YAML.", "cases/catalog"},
		{"vault", "Vault: KV 1 and 2, versions, lists, writes, where the token comes from, refusals.", "cases/vault"},
		{"vault-writes", "A secret with parameters is a write, to KV 1 and 2.", "TestSecretWithParametersWrites"},
		{"vault-refresh", "A secret without a lease is read again after default_lease_duration.", "TestSecretIsReadAgain"},
		{"vault-wrapped", "A wrapped token, or the document about it, is unwrapped once; a used one is refused with 14.", "TestWrappedTokenIsUnwrapped"},
		{"vault-renewal", "The own token is renewed.", "TestOwnTokenIsRenewed"},
		{"pki", "pkiCert: fields and their line ends; a good pair in the destination is used again. secret on an issuing path.", "TestPKICertHasTheSameForm TestPKICertIsUsedAgain TestIssuedSecretHasTheSameForm"},
		{"text", "Functions on text.", "cases/text"},
		{"conversion", "Conversions: parseJSON, parseYAML, toJSON, toYAML, toTOML and the others.", "cases/conversion"},
		{"arithmetic", "Arithmetic and comparisons, the order of arguments, types of results.", "cases/arithmetic"},
		{"collections", "Collections: in, contains and its kin, byKey, byTag, byPort, byMeta, explode, mergeMap, loop, scratch.", "cases/collections"},
		{"local", "env, file, plugin, writeToFile, executeTemplate, timestamp, sockaddr, spew; sandbox and deny lists.", "cases/local"},
		{"sprig", "Sprig's repeatable functions under the prefix sprig_.", "cases/sprig"},
		{"engine", "The template language: delimiters, white space, define, missing entries, error_on_missing_key.", "cases/engine"},
		{"template-block", "The template block: files, modes, owners, backups, commands and their environment.", "cases/template_block"},
		{"configuration", "Configuration files in HCL and JSON, folders, merging, CT_LOCAL_CONFIG, the exec block.", "cases/config"},
		{"refusals", "What is refused: unknown keys and bad values with 15, bad flags with 13.", "cases/badconfig"},
		{"flags", "The command line, -dry and -parse-only.", "cases/flags"},
		{"files", "Whole files: HAProxy, nginx, Varnish, Prometheus, YAML, JSON, TOML, ini, shell, systemd, DNS, PKI.", "cases/files"},
		{"generated", "Random templates over random data.", "TestGeneratedTemplatesGiveTheSame"},
		{"changes", "Following changes: as many renders and commands, or fewer.", "TestEachChangeIsRendered TestTreeFollowsItsKeys TestQueriesFoundLaterAreFollowedAndDropped TestTemplatesAreIndependent TestEqualOutputRunsNoCommand TestCommandOfSeveralTemplatesRunsOncePerChange TestLocalFileIsFollowed"},
		{"deleted", "A key that is deleted keeps its last value.", "TestDeletedKeyKeepsItsLastValue"},
		{"wait", "Quiescence, of all templates and of one.", "TestBurstIsRenderedOnceWithWait TestTemplatesOwnWaitBeatsTheGlobalOne"},
		{"catalogue", "A catalogue of 200 services with 10 instances each, whose health flaps, settles to the same file.", "TestCatalogueSettlesToTheSameFile"},
		{"exec-mode", "A supervised process: reload signal, restart, kill signal and timeout, splay, forwarded signals, its exit status.", "TestReloadSignalReachesTheChild TestReloadSignalIsSentOncePerChange TestChildWithoutReloadSignalIsRestarted TestKillSignalIsInterruptByDefault TestEmptyReloadSignalLeavesTheChildAlone TestSplayDelaysAndLosesNothing TestChildThatDoesNotStopIsKilled TestOtherSignalsAreForwarded TestTermEndsWithTheChildsStatus TestChildsEndIsTheEnd TestShellLineIsSignalledAsAGroup TestCommandMayLeaveAProgramRunning"},
		{"interrupt", "The kill signal ends the program with 12, after its process.", "TestInterruptStopsTheChildByItsKillSignal TestOwnKillSignalCanBeChosen"},
		{"reload", "The reload signal makes it read configuration and templates again.", "TestReloadReadsTheConfigurationAgain TestReloadReadsTemplatesAgain TestReloadSignalCanBeChosen TestReloadOfTemplateAndCommandStartsTheNewCommand TestPIDFileMovesWithAReload"},
		{"readiness", "systemd is told READY when all templates are rendered.", "TestReadinessIsToldToSystemd"},
		{"pid", "The PID file is there while it runs.", "TestPIDFileIsThereWhileRunning"},
		{"attempts", "A number of attempts that is written, and used up, ends it with 14, also when the store refuses.", "TestAttemptsThatAreUsedUpAreTheEnd TestRefusalsUseUpTheAttempts"},
		{"not-fatal", "With error_fatal = false a template that fails keeps its last output and the others go on.", "TestErrorThatIsNotFatalKeepsTheDaemon"},
	}
	out := make([]Row, len(rows))
	for i, r := range rows {
		out[i] = Row{ID: r.id, Kind: Identical, What: r.what, Tests: words(r.tests)}
	}
	return out
}
