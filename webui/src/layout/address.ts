// SPDX-License-Identifier: GPL-3.0-or-later
// The address of a room's layout editor.
import type { Room, RoomType } from '../api';

type RoomName = Pick<Room, 'application' | 'room' | 'room_type'>;

export const editorAddress = ({ application, room, room_type }: RoomName) =>
	`#/rooms/layout/${application}/${room_type}/${encodeURIComponent(room)}`;

export function roomOfAddress(address: string): RoomName | null {
	const found = /^#\/rooms\/layout\/(\d+)\/(number|string)\/([^/]+)$/.exec(address);
	try {
		return found && { application: Number(found[1]), room_type: found[2] as RoomType, room: decodeURIComponent(found[3]) };
	} catch {
		return null; // no address of ours
	}
}
