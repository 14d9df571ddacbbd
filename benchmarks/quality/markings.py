"""Documents that mark themselves, from marking_forms.txt, and prose about secrecy, from
marking_prose.txt."""

import pathlib

HERE = pathlib.Path(__file__).parent
TITLES = ["2026年度投标方案", "客户名单", "重点项目预算", "华东区报价汇总", "新产品设计说明",
          "关于调整价格的请示", "董事会会议纪要", "供应商评估报告", "融资计划书", "研发路线图"]
ORGS = ["华信科技有限公司", "东方建设集团", "海川咨询公司", "市发展和改革局", "远景装饰工程公司"]
NAMES = "王芳 李雷 张伟 刘洋 陈静".split()
DATES = ["2026-03-01", "20260415", "2026年5月"]
NEUTRAL = ["本季度重点工作进展顺利，各部门按计划推进。", "会议由总经理主持，相关部门负责人参加。",
           "现将有关事项说明如下。", "项目总体目标是在年底前完成交付。", "附件包括进度表和人员安排。",
           "The following sections describe scope and schedule.", "以上安排请各单位遵照执行。"]


def fill(rng, text):
    for slot, pool in (("{title}", TITLES), ("{org}", ORGS), ("{name}", NAMES), ("{date}", DATES),
                       ("{n}", ["2", "3", "5", "8", "10", "15"])):
        while slot in text:
            text = text.replace(slot, rng.choice(pool), 1)
    return text.replace("\\n", "\n").replace("\\t", "\t")


def read(name):
    lines = (HERE / name).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def forms():
    return [line.split("|", 2) for line in read("marking_forms.txt")]


def positives(rng, count):
    """(kind, level, text)"""
    all_forms = forms()
    for number in range(count):
        kind, level, text = all_forms[number % len(all_forms)]
        text = fill(rng, text)
        if kind in ("first_page", "body"):
            text += "\n" + "".join(rng.choice(NEUTRAL) + "\n" for _ in range(rng.randint(0, 5)))
        yield kind, level, text


def negatives(rng, count):
    """(kind, text)"""
    lines = read("marking_prose.txt")
    for number in range(count):
        text = fill(rng, lines[number % len(lines)])
        kind = rng.choice(["body", "first_page", "body", "comment", "notes"])
        # From the second round on in a paragraph of other sentences, as policies have them.
        if number >= len(lines) and "\n" not in text:
            before = "".join(rng.choice(NEUTRAL + lines[:40]).replace("\\n", "\n") + "\n"
                             for _ in range(rng.randint(0, 3)))
            before = fill(rng, before)
            text = before + rng.choice(["", "　　", "  "]) + text + "\n" + rng.choice(NEUTRAL)
        yield kind, text
