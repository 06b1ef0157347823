import { bytesOf } from "../format";
import { words } from "../words/health";
import { Card } from "./card";
import type { Health } from "./health";

const { disk: said } = words;

const LOW_SHARE = 0.85;
/** Beyond it the server names it a problem. */
const BAD_SHARE = 0.95;

type OneDisk = Health["disk"][number];

export function Disks({ disks }: { disks: readonly OneDisk[] }) {
    return (
        <Card title={said.title}>
            <ul class="things">
                {disks.map((one) => (
                    <li key={one.name}>
                        <bdi>{one.name}</bdi>
                        <Filled disk={one} />
                        <p class="facts">{said.free(bytesOf(one.free_bytes), bytesOf(one.total_bytes))}</p>
                    </li>
                ))}
            </ul>
        </Card>
    );
}

/** The browser itself says by a colour of ours how full is too full. */
function Filled({ disk }: { disk: OneDisk }) {
    const used = disk.total_bytes - disk.free_bytes;
    return (
        <meter
            aria-label={disk.name}
            aria-valuetext={said.full(Math.round((100 * used) / Math.max(disk.total_bytes, 1)))}
            max={disk.total_bytes}
            low={disk.total_bytes * LOW_SHARE}
            high={disk.total_bytes * BAD_SHARE}
            optimum={0}
            value={used}
        />
    );
}
