package util

// releases returns the commands of upstream's releases, newest first, whose
// abbreviations stay: see cli.KeepAbbreviations. Before them comes
// this program's own "h", which is ambiguous in the newest release and means help
// in 3.5.
func releases() []string {
	return []string{"hashkv", `
	completion
	defrag
	hashkv
	help
	migrate
	snapshot restore status
	version
	`, `
	completion
	defrag
	hashkv
	help
	migrate
	snapshot restore status
	version
	`, `
	backup
	check v2store
	defrag
	help
	snapshot restore status
	version
	`}
}
