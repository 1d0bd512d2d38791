// SPDX-License-Identifier: GPL-3.0-or-later
// The live stream that a user sends: watched while it is open, its addresses, and where it is pushed to.
import { useState } from 'preact/hooks';
import { type User } from './api';
import { t } from './i18n';
import { Live } from './live';
import { Relays } from './relays';
import { Share } from './share';

export function OwnStream({ application, user }: { application: number; user: User }) {
	const [open, setOpen] = useState(false);
	return <details class="own-stream" onToggle={event => setOpen(event.currentTarget.open)}>
		<summary>{user.user}: {user.stream_id}</summary>
		<code>{user.flv_url}</code>
		{user.rtmp_url && <code>{user.rtmp_url}</code>}
		{open && <>
			<Live flv={user.flv_url} hls={user.hls_url} width={user.video?.width} height={user.video?.height} />
			<Share flv={user.flv_url} hls={user.hls_url} rtmp={user.rtmp_url} />
			<Relays application={application} stream={user.stream_id} />
		</>}
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
