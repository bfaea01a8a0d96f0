package doctor

func oldBackup() Check {
	return Check{
		Name: "old-backup", Severity: Error, Needs: NeedBackup,
		Summary: "with --repo: a repository that can't be read, or without a verified backup that is at most --max-age old",
		Meaning: "After a loss of the cluster, everything that was written since the newest backup is gone. Look why the scheduled backup failed.",
		Find: func(p *Picture) []Finding {
			if p.Backup == "" {
				return nil
			}
			return []Finding{{Evidence: p.Backup, Command: "etcdctl backup save --repo " + p.Repo}}
		},
	}
}
