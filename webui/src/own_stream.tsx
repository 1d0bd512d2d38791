// SPDX-License-Identifier: GPL-3.0-or-later
// The live stream that a user sends: its addresses, and where it is pushed to.
import { useState } from 'preact/hooks';
import { type User } from './api';
import { t } from './i18n';
import { Relays } from './relays';

export function OwnStream({ application, user }: { application: number; user: User }) {
	const [open, setOpen] = useState(false);
	return <details class="own-stream" onToggle={event => setOpen(event.currentTarget.open)}>
		<summary>{user.user}: {user.stream_id}</summary>
		<code>{user.flv_url}</code>
		{user.rtmp_url && <code>{user.rtmp_url}</code>}
		{open && <Relays application={application} stream={user.stream_id} />}
	</details>;
}

/** Those of a room. */
export function OwnStreams({ application, users }: { application: number; users: User[] }) {
	const live = users.filter(user => user.stream_id);
	return live.length ? <div class="own-streams">
		<h3>{t('ownStreams')}</h3>
		{live.map(user => <OwnStream key={user.id} application={application} user={user} />)}
	</div> : null;
}
