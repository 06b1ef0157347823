import { useState } from "preact/hooks";
import { api, type Bodies, told } from "../api/client";
import { dayOf } from "../format";
import { useAsked } from "../parts/asked";
import { Button } from "../parts/button";
import { Trouble } from "../parts/trouble";
import { may } from "../session/session";
import { words } from "../words/settings";
import { Origin } from "./origin";

type Agent = Bodies["AgentListed"];
type Switches = Bodies["AgentSwitches"];
type SwitchName = "recording_enabled" | "transcription_enabled";

const MOST_SHOWN = 200;
const SWITCHES = [
    ["recording_enabled", words.agents.recording],
    ["transcription_enabled", words.agents.transcripts],
] as const;

interface Props {
    organisation: string | null;
    /** Whom he may switch; null: all. */
    switchable: readonly string[] | null;
}

/** Single agents: recorded or not, whatever the organisation's switch says. */
export function Agents({ organisation, switchable }: Props) {
    const query = { organisation };
    const listed = (signal?: AbortSignal) => told(api.GET("/v1/agents", { params: { query }, signal: signal ?? null }));
    const asked = useAsked(listed, [organisation]);
    const [newer, setNewer] = useState<Agent[] | null>(null);
    const [sought, setSought] = useState("");
    /** Whom somebody wants to switch although nobody has named him. */
    const [unlisted, setUnlisted] = useState("");
    const [outcome, setOutcome] = useState("");
    const [refused, setRefused] = useState<unknown>(null);

    async function change(agent: string, switches: Switches): Promise<void> {
        setRefused(null);
        setOutcome("");
        try {
            await told(
                api.PATCH("/v1/agents/{agent_id}", { params: { path: { agent_id: agent }, query }, body: switches }),
            );
            setNewer((await listed()).agents);
            setOutcome(words.agents.done(agent));
        } catch (error) {
            setRefused(error);
        }
    }

    if (!asked.value) return asked.error ? <Trouble error={asked.error} again={asked.again} /> : null;
    const agents = newer ?? asked.value.agents;
    const found = agents.filter((agent) => fits(agent, sought.trim()));
    const maySwitch = (id: string): boolean => switchable === null || switchable.includes(id);
    const wanted = sought.trim();
    const isListed = (id: string): boolean => agents.some((agent) => agent.agent_id === id);
    const added = unlisted && unlisted === wanted && !isListed(unlisted) ? [unheardOf(unlisted)] : [];
    const shown = [...found.slice(0, MOST_SHOWN), ...added];
    return (
        <div class="rows agents">
            <p class="help">{agents.length ? words.agents.listed : words.agents.nobody}</p>
            <label class="find">
                {words.agents.find}
                <input
                    type="search"
                    value={sought}
                    placeholder={words.agents.findHelp}
                    onInput={(event) => setSought(event.currentTarget.value)}
                />
            </label>
            <p role="status">{outcome}</p>
            {asked.error !== undefined && <Trouble error={asked.error} again={asked.again} />}
            {refused !== null && <Trouble error={refused} />}
            {agents.length > 0 && shown.length === 0 && <p>{words.agents.nobodyFits}</p>}
            {wanted && !added.length && !isListed(wanted) && maySwitch(wanted) && (
                <div>
                    <Button onClick={() => setUnlisted(wanted)}>
                        <bdi>{words.agents.add(wanted)}</bdi>
                    </Button>
                </div>
            )}
            {shown.length > 0 && (
                <table>
                    <thead>
                        <tr>
                            <th scope="col">{words.agents.id}</th>
                            <th scope="col">{words.agents.recording}</th>
                            <th scope="col">{words.agents.transcripts}</th>
                            {may("admin") && <th scope="col">{words.agents.from}</th>}
                        </tr>
                    </thead>
                    <tbody>
                        {shown.map((agent) => (
                            <AgentRow
                                key={agent.agent_id}
                                agent={agent}
                                change={maySwitch(agent.agent_id) ? change : null}
                            />
                        ))}
                    </tbody>
                </table>
            )}
            {found.length > MOST_SHOWN && <p>{words.agents.tooMany(MOST_SHOWN, found.length)}</p>}
        </div>
    );
}

interface RowProps {
    agent: Agent;
    /** null: he may only read. */
    change: ((agent: string, switches: Switches) => Promise<void>) | null;
}

function AgentRow({ agent, change }: RowProps) {
    const [isBusy, setBusy] = useState(false);
    async function choose(name: SwitchName, chosen: string): Promise<void> {
        setBusy(true);
        await change?.(agent.agent_id, { [name]: chosen === "" ? null : chosen === "on" });
        setBusy(false);
    }
    return (
        <tr aria-busy={isBusy}>
            <th scope="row">
                <bdi>{agent.agent_id}</bdi> <bdi class="name">{agent.name}</bdi>
                {agent.last_call_at && <span class="last">{words.agents.lastCall(dayOf(agent.last_call_at))}</span>}
            </th>
            {SWITCHES.map(([name, said]) => (
                <td key={name} data-label={said}>
                    {change ? (
                        <select
                            aria-label={words.agents.switchOf(said, agent.agent_id)}
                            value={wordOf(agent[name])}
                            disabled={isBusy}
                            onChange={(event) => void choose(name, event.currentTarget.value)}
                        >
                            <option value="">{words.agents.asOrganisation}</option>
                            <option value="on">{words.on}</option>
                            <option value="off">{words.off}</option>
                        </select>
                    ) : (
                        { "": words.agents.asOrganisation, on: words.on, off: words.off }[wordOf(agent[name])]
                    )}
                </td>
            ))}
            {may("admin") && (
                <td data-label={words.agents.from}>
                    {agent.source === "default" ? words.agents.asOrganisation : <Origin source={agent} />}
                </td>
            )}
        </tr>
    );
}

function wordOf(isOn: boolean | null): "" | "on" | "off" {
    return isOn === null ? "" : isOn ? "on" : "off";
}

function fits(agent: Agent, sought: string): boolean {
    const wanted = sought.toLowerCase();
    return agent.agent_id.toLowerCase().includes(wanted) || agent.name.toLowerCase().includes(wanted);
}

/** Whom nobody has named yet. */
function unheardOf(agent_id: string): Agent {
    const nothing = { last_call_at: null, file: null, line: null, changed_by: null, changed_at: null, detail: "" };
    return { agent_id, name: "", recording_enabled: null, transcription_enabled: null, source: "default", ...nothing };
}
