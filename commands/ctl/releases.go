package ctl

// releases returns the commands of upstream's releases, newest first, whose
// abbreviations stay: see cli.KeepAbbreviations.
func releases() []string { return []string{commands37, commands36, commands35} }

// The commands of each release, with their subcommands.
const (
	commands37 = `
	alarm disarm list
	auth disable enable status
	check datascale perf
	compaction
	completion
	defrag
	del
	downgrade cancel enable validate
	elect
	endpoint hashkv health status
	get
	help
	lease grant keep-alive list revoke timetolive
	lock
	make-mirror
	member add list promote remove update
	move-leader
	options
	put
	role add delete get grant-permission list revoke-permission
	snapshot save
	txn
	user add delete get grant-role list passwd revoke-role
	version
	watch
	`
	commands36 = `
	alarm disarm list
	auth disable enable status
	check datascale perf
	compaction
	completion
	defrag
	del
	downgrade cancel enable validate
	elect
	endpoint hashkv health status
	get
	help
	lease grant keep-alive list revoke timetolive
	lock
	make-mirror
	member add list promote remove update
	move-leader
	put
	role add delete get grant-permission list revoke-permission
	snapshot save
	txn
	user add delete get grant-role list passwd revoke-role
	version
	watch
	`
	commands35 = `
	alarm disarm list
	auth disable enable status
	check datascale perf
	compaction
	defrag
	del
	elect
	endpoint hashkv health status
	get
	help
	lease grant keep-alive list revoke timetolive
	lock
	make-mirror
	member add list promote remove update
	move-leader
	put
	role add delete get grant-permission list revoke-permission
	snapshot restore save status
	txn
	user add delete get grant-role list passwd revoke-role
	version
	watch
	`
)
