#include "rules/engine/ordinary_text.h"

namespace shoumi::rules {

std::string_view OrdinaryText() {
  return R"(关于召开2026年第三季度工作例会的通知

各部门、各项目部：
    为总结前三个季度的工作，安排年末的重点任务，经公司办公会研究，定于10月15日（星期四）上午9:30在总部
三楼会议室召开工作例会。现将有关事项通知如下。
    一、会议内容：听取各部门工作汇报；通报安全生产检查情况；讨论明年的培训计划；部署下一阶段工作。
    二、参加人员：公司领导、各部门负责人、项目经理及相关人员，共约45人。因故不能参加的，请提前一天向
办公室请假，并安排熟悉情况的同志代为参加。
    三、有关要求：请各部门于10月12日下班前将汇报材料（不超过3000字）报送办公室，材料应当突出重点，用数据
说话，对存在的问题要分析原因，提出可行的解决办法。会议期间请将手机调至静音状态，保持会场秩序。
    今年以来，公司完成产值同比增长12.5%，新开工项目8个，竣工验收项目6个，客户满意度达到96%以上。同时也要
看到，个别项目进度滞后，材料成本上涨较快，部分岗位人员流动较大，管理制度的执行还不够到位。各部门要认真
对照年初确定的目标，逐项检查落实，确保全年任务顺利完成。
    员工应当遵守公司的各项规章制度，爱护公共财物，节约用水用电。离开办公室时应当关闭电脑、空调和照明设备。
新员工入职后由人力资源部组织培训，培训内容包括企业文化、岗位职责、安全知识和信息安全常识。

Minutes of the weekly meeting, project office, 12 October 2026

Attendees were the project lead, two engineers from the structural team, and the site supervisor. The team
reviewed the progress of the foundation work, which is about 80% complete and on schedule for the end of the
month. The supervisor reported that the delivery of steel had been delayed by three days because of the
weather, and that the new delivery date is Friday. It was agreed to move the inspection to the following week.
The next item was the training plan. Everybody who works on the site has to attend a half-day course before the
end of the quarter; the office will send out the invitations on Monday. Questions about the plan should be
raised with the office before then. There was a short discussion about version 2.1 of the reporting template:
most people find it easier to use than the old one, but the second table still needs to be explained.
Please review the minutes and send any corrections within two days. Thank you all for the good work so far.
)";
}

}  // namespace shoumi::rules
